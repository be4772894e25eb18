-- id: known_keys
-- title: Every key that the logs name by ARN
-- description: One row per key ARN in the roll-up usage_monthly, which outlives the events. A member of a
--   multi-Region set (mrk-) is a key of its own; key_set is equal in all members of a set. An ARN that
--   KMS only ever answered as not found is none. is_proven says that KMS answered for the key, by a success
--   or by its state (disabled, pending deletion); without it the ARN is known from refused calls or dry
--   runs alone, where anything can be typed: the key may not exist.
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
