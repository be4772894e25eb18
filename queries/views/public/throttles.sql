-- id: throttles
-- title: Throttled calls
-- description: One row per call that KMS throttled, also calls without a key. A correction replaces the record that it
--   corrects. Of the records of a cross-account call, the caller's own counts, and VPC endpoint records of calls that
--   KMS logged too are left out. This is a lower bound: AWS does not promise to log every throttled call.
-- column account: account whose quota the call counts against: the caller's, or that of the log if the record does not
--   give it
-- column key: ARN of the key, else what the caller typed for it; null if the call names no key
-- columns: as in kms_events
-- depends: replacements, copied_calls

SELECT
  event_time, event_date,
  coalesce(caller_account_id, recipient_account_id) AS account,
  region, caller, session_name, invoked_by, use_label, event_name,
  coalesce(key_arn, key_as_typed) AS key,
  error_code, error_message, source_ip, user_agent, recipient_account_id, event_id, content_hash
FROM kms_events
LEFT JOIN copied_calls
  ON copied_calls.request = kms_events.request_id
  AND copied_calls.at = kms_events.event_time
  AND copied_calls.operation = kms_events.event_name
WHERE outcome = 'throttled' AND NOT is_dry_run AND NOT is_network(event_type, outcome)
  AND NOT is_replaced(kms_events)
QUALIFY row_number() OVER (
  PARTITION BY
    event_date, coalesce(shared_event_id, call_id),
    CASE WHEN coalesce(shared_event_id, call_id) IS NULL THEN event_id END,
    CASE WHEN coalesce(shared_event_id, call_id) IS NULL THEN content_hash END
  -- The caller's own record names the caller; the key owner's copy of it may not.
  ORDER BY recipient_account_id IS DISTINCT FROM caller_account_id, recipient_account_id, event_id, content_hash
) = 1
