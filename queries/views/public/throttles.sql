-- id: throttles
-- title: Throttled calls
-- description: One row per call that KMS throttled, also calls without a key, as key_uses has them. This is a lower
--   bound: AWS does not promise to log every throttled call.
-- column account: account whose quota the call counts against: the caller's, or that of the log if the record does not
--   give it
-- column key: ARN of the key, else what the caller typed for it; null if the call names no key
-- columns: as in key_uses
-- depends: key_uses

SELECT
  event_time, event_date,
  coalesce(caller_account_id, recipient_account_id) AS account,
  region, caller, session_name, invoked_by, use_label, event_name,
  coalesce(key_arn, key_as_typed) AS key,
  error_code, error_message, source_ip, recipient_account_id, event_id, content_hash
FROM key_uses
WHERE outcome = 'throttled' AND NOT is_dry_run AND key_role <> 'destination'
