-- id: known_keys
-- title: Keys that the logs name by ARN
-- description: One row per key ARN in usage_monthly, without those that KMS only ever reported as not found. The
--   columns are those of key_names.
-- internal: nearly every query on keys reads it; key_names has the same keys with their aliases
-- kept: nearly every report reads the keys, most of them several times

SELECT
  key AS key_arn,
  split_part(key, ':key/', 2) AS key_id,
  split_part(key, ':', 5) AS account,
  split_part(key, ':', 4) AS region,
  split_part(key, ':key/', 2) LIKE 'mrk-%' AS is_multi_region,
  CASE
    WHEN split_part(key, ':key/', 2) LIKE 'mrk-%'
      THEN split_part(key, ':', 2) || ':' || split_part(key, ':', 5) || ':' || split_part(key, ':key/', 2)
    ELSE key
  END AS key_set,
  min(first_time) AS first_time,
  max(last_time) AS last_time,
  bool_or(outcome IN ('success', 'unusable_key')) AS is_proven
FROM usage_monthly
WHERE key LIKE 'arn:%:kms:%:key/%'
GROUP BY key
HAVING bool_or(outcome <> 'not_found')
