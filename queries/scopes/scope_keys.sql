-- id: scope_keys
-- title: Keys that pass the filters
-- description: Rows of key_names that pass the filters of the report: account, region, owner, OU and tag of the key.
--   With a caller or a service, the keys for which the store has a record with that caller, or an event with that
--   service, at any time and in any log.
-- depends: key_names, key_events, usage_by_key

SELECT *
FROM key_names
WHERE is_asked_key(key_arn, NULL)
  AND is_asked_region(account, region)
  AND is_tagged(key_arn)
  AND ($caller IS NULL OR key_arn IN (SELECT key_arn FROM usage_by_key WHERE caller = $caller))
  AND ($service IS NULL OR key_arn IN (SELECT key_arn FROM key_events WHERE coalesce(invoked_by, service) = $service))
