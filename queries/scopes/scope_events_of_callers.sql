-- id: scope_events_of_callers
-- title: Records in the window that pass the filters, for any account and caller
-- description: Rows of key_events in the window that pass all filters of the report except account and caller: for
--   questions that compare the records of several accounts and apply these two themselves.
-- depends: key_events

SELECT *
FROM key_events
WHERE is_of_asked_keys(key_arn, key_as_typed, recipient_account_id, region)
  AND ($service IS NULL OR coalesce(invoked_by, service) = $service)
  AND ($hide_own IS NOT TRUE OR use_label IS NULL)
  AND is_in_window(event_time) AND is_day_in_window(event_date)
