-- id: scope_events
-- title: The records of the window that the filters leave
-- description: Rows of key_events in the window and within the filters of the report, which mean
--   what they mean in scope_uses_ever.
-- depends: scope_events_of_callers

SELECT *
FROM scope_events_of_callers
WHERE is_of_asked_account(recipient_account_id, caller) AND is_of_asked_caller(caller)
