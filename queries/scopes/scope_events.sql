-- id: scope_events
-- title: Records in the window that pass the filters
-- description: Rows of key_events in the window that pass the filters of the report, which mean the same as in
--   scope_uses_ever.
-- depends: scope_events_of_callers

SELECT *
FROM scope_events_of_callers
WHERE is_of_asked_account(recipient_account_id, caller) AND is_of_asked_caller(caller)
