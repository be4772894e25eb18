-- id: typed_names
-- title: What a caller can type for a key, and which key it means
-- description: One row per name and period: key ids, alias names, alias ARNs. A key id and an alias name
--   mean a key of the caller's own account and region, so both must match; an alias ARN names its own
--   (account and region are null). The name holds from valid_from up to, not including, valid_to;
--   from proven_from to proven_to the logs prove it.
-- depends: known_keys, alias_history
-- kept: every record without a key is looked up in it

SELECT
  key_id AS name, account, region, key_arn, 'id' AS resolution,
  no_time() AS valid_from,
  no_time() AS valid_to,
  no_time() AS proven_from,
  no_time() AS proven_to
FROM known_keys
UNION ALL
SELECT
  unnest(make_array(alias_name, alias_arn)) AS name,
  unnest(make_array(account, NULL)) AS account,
  unnest(make_array(region, NULL)) AS region,
  key_arn, 'alias' AS resolution, valid_from, valid_to, first_seen AS proven_from, proven_to
FROM alias_history
