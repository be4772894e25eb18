-- id: scope_uses_ever
-- title: Operations of any time that pass the filters
-- description: Rows of key_uses that pass the filters of the report, from any time. Account is a recipient account of
--   the call's records or the caller's own, and region the key's, else the record's; if a key is asked for, both say
--   which key is meant instead. Owner and OU are those of the key's account, else of the recipient account. Service is
--   the one that invoked KMS, else the resource's.
-- depends: key_uses, scope_disputed

SELECT *
FROM key_uses
WHERE (
    (cardinality($key_arns) = 0 AND cardinality($key_names) = 0)
    OR array_has($key_arns, key_arn)
    OR array_has($key_names, coalesce(key_arn, key_as_typed))
  )
  AND (
    $account IS NULL OR cardinality($key_arns) > 0
    OR recipient_account_id = $account OR caller_account(caller) = $account
    OR coalesce(array_has(log_accounts, $account), false)
  )
  AND (
    $region IS NULL OR cardinality($key_arns) > 0
    OR coalesce(nullif(split_part(key_arn, ':', 4), ''), region) = $region
  )
  AND (
    cardinality($key_accounts) = 0
    OR array_has($key_accounts, coalesce(nullif(split_part(key_arn, ':', 5), ''), recipient_account_id))
  )
  AND (cardinality($tagged_keys) = 0 OR array_has($tagged_keys, key_arn))
  AND ($service IS NULL OR coalesce(invoked_by, service) = $service)
  AND ($caller IS NULL OR caller IS NOT DISTINCT FROM $caller)
  AND ($hide_own IS NOT TRUE OR use_label IS NULL)
