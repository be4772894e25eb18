-- id: live_records
-- title: Records of the days that are not settled that may count, one row per key
-- description: live_key_events without VPC endpoint records and without what a correction replaces. call_id is the same in
--   all records of a call that several logs have: the sharedEventID or, if a record has none, that of copied_calls. is_bare
--   if the record identifies the caller by account only.
-- internal: computed_uses counts one record of each call
-- depends: live_key_events, live_replacements, told_sides, copied_calls

SELECT
  live_key_events.* EXCLUDE (key_role, other_key_arn),
  operation_kind(event_name) AS kind,
  -- Where a record of a ReEncrypt lists one key only, another one tells which side that is.
  coalesce(told_sides.key_role, live_key_events.key_role) AS key_role,
  coalesce(told_sides.other_key_arn, live_key_events.other_key_arn) AS other_key_arn,
  coalesce(live_key_events.shared_event_id, copied_calls.call_id) AS call_id,
  caller = 'unknown' OR caller LIKE 'account:%' OR coalesce(identity_type = 'AWSAccount', false) AS is_bare
FROM live_key_events
LEFT JOIN told_sides
  ON told_sides.shared_event_id = live_key_events.shared_event_id
  AND told_sides.event_date = live_key_events.event_date
  AND told_sides.key_arn = live_key_events.key_arn
  AND live_key_events.key_role = 'only' AND live_key_events.event_name = 'ReEncrypt'
LEFT JOIN copied_calls
  ON copied_calls.request = live_key_events.request_id
  AND copied_calls.event_date = live_key_events.event_date
  AND copied_calls.at = live_key_events.event_time
  AND copied_calls.operation = live_key_events.event_name
WHERE record_role <> 'network' AND NOT is_replaced(live_key_events)
