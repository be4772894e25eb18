-- id: typed_names
-- title: Key IDs and aliases, with the key each means
-- description: One row per name and period. Key IDs and alias names mean a key in the caller's account and region, so
--   both must match; account and region are null for alias ARNs, which contain their own. A name is valid from
--   valid_from until just before valid_to; the logs prove it from proven_from to proven_to.
-- internal: live_key_events resolves typed names through it
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
