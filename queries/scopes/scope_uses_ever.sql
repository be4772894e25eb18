-- id: scope_uses_ever
-- title: Operations of any time that pass the filters
-- description: Rows of key_uses that pass the filters of the report, from any time. Account is a recipient account of
--   the call's records or the caller's own, and region the key's, else the record's; if a key is asked for, both say
--   which key is meant instead. Owner and OU are those of the key's account, else of the recipient account. Service is
--   the one that invoked KMS, else the resource's.
-- depends: key_uses, scope_disputed

SELECT *
FROM key_uses
WHERE is_of_asked_keys(key_arn, key_as_typed, recipient_account_id, region)
  AND (is_of_asked_account(recipient_account_id, caller) OR coalesce(array_has(log_accounts, $account), false))
  AND is_of_asked_caller(caller)
  AND ($service IS NULL OR coalesce(invoked_by, service) = $service)
  AND ($hide_own IS NOT TRUE OR use_label IS NULL)
