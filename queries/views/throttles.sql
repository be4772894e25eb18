-- id: throttles
-- title: Every throttled call
-- description: One row per call that KMS answered with throttling, also where no key is told. Quotas are per
--   account and region of the CALLER, so account is the caller's own account (the log's where the record does
--   not tell it). A record that a later one corrects gives way to it; of the records that two accounts hold
--   of one call (equal shared_event_id, or the same request: copied_calls) the caller's own counts, and what a VPC endpoint tells of it is no second one. key is the ARN, else what was
--   typed. AWS does not promise to log every throttled call: a lower bound.
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
