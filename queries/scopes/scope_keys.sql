-- id: scope_keys
-- title: Keys that pass the filters
-- description: Rows of key_names that pass the filters of the report: account, region, owner, OU and tag of the key.
--   With a caller or a service, the keys for which the store has an operation of that caller, or for that
--   service, at any time and in any log.
-- depends: key_names, uses_daily

SELECT *
FROM key_names
WHERE is_asked_key(key_arn, NULL)
  AND is_asked_region(account, region)
  AND is_tagged(key_arn)
  AND ($caller IS NULL OR key_arn IN (SELECT key_arn FROM uses_daily WHERE caller = $caller))
  AND ($service IS NULL OR key_arn IN (SELECT key_arn FROM uses_daily WHERE coalesce(invoked_by, service) = $service))
