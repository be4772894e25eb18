-- id: known_keys
-- title: Every key that the logs name by ARN
-- description: One row per key ARN in the roll-up usage_daily, which outlives the events. A member of a
--   multi-Region set (mrk-) is a key of its own; key_set is equal in all members of a set.

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
  max(last_time) AS last_time
FROM usage_daily
WHERE key LIKE 'arn:%:kms:%:key/%'
GROUP BY key
