-- id: key_names
-- title: Keys in the logs, with their aliases
-- description: One row per key that the logs name by ARN; each member of a multi-Region set is a key of its own. ARNs
--   that KMS only ever reported as not found are left out. Based on monthly counts, so keys stay here after their
--   events are deleted.
-- column key_arn: ARN of the key
-- column key_id: the key ID, the last part of the ARN
-- column account: account that owns the key
-- column region: region of the key
-- column is_multi_region: whether the key belongs to a multi-Region set (`mrk-`)
-- column key_set: equal for all members of a multi-Region set; for any other key, its ARN
-- column is_proven: whether KMS has confirmed that the key exists, by a successful call or by refusing one because of
--   the key's state; if false, only failed calls and dry runs name it, and the caller may have mistyped it
-- column aliases: all aliases that ever pointed to the key, in alphabetical order, with `(formerly)` after those that
--   no longer do; null if none is known
-- column first_time: first record that names the key
-- column last_time: last record that names the key
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
