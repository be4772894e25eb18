-- id: key_names
-- title: The keys known from the logs, with their names
-- description: One row per key that the logs name by ARN, with every alias that has pointed to it,
--   as text in alphabetical order; one that points to it no longer is marked "(formerly)".
-- depends: known_keys, alias_history
-- kept: reports on keys read it several times

SELECT
  known_keys.key_arn,
  known_keys.key_id,
  known_keys.account,
  known_keys.region,
  known_keys.is_multi_region,
  known_keys.key_set,
  known_keys.is_proven,
  names.aliases,
  known_keys.first_time,
  known_keys.last_time
FROM known_keys
LEFT JOIN (
  SELECT
    key_arn,
    string_agg(alias_name || CASE WHEN is_current THEN '' ELSE ' (formerly)' END, ', ' ORDER BY alias_name) AS aliases
  FROM (
    SELECT key_arn, alias_name, bool_or(valid_to IS NULL) AS is_current
    FROM alias_history
    GROUP BY key_arn, alias_name
  )
  GROUP BY key_arn
) AS names ON names.key_arn = known_keys.key_arn
