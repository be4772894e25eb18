-- id: scope_events_of_callers
-- title: The records of the window that the filters leave, of any account and caller
-- description: Rows of key_events in the window and within the filters of the report but for the account and the caller:
--   for questions that compare the records of several accounts, and which therefore look at both themselves.
-- depends: key_events

SELECT *
FROM key_events
WHERE is_of_asked_keys(key_arn, key_as_typed, recipient_account_id, region)
  AND ($service IS NULL OR coalesce(invoked_by, service) = $service)
  AND ($hide_own IS NOT TRUE OR use_label IS NULL)
  AND is_in_window(event_time) AND is_day_in_window(event_date)
