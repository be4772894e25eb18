-- id: scope_events
-- title: Records in the window that pass the filters
-- description: Rows of live_key_events in the window that pass the filters of the report, which mean the same as in
--   scope_uses_ever.
-- depends: live_key_events

SELECT *
FROM live_key_events
WHERE is_of_asked_keys(key_arn, key_as_typed, recipient_account_id, region)
  AND is_of_asked_account(recipient_account_id, caller) AND is_of_asked_caller(caller)
  AND ($service IS NULL OR coalesce(invoked_by, service) = $service)
  AND ($hide_own IS NOT TRUE OR use_label IS NULL)
  AND is_in_window(event_time) AND is_day_in_window(event_date)
