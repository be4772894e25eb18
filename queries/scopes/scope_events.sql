-- id: scope_events
-- title: The records of the window that the filters leave
-- description: Rows of key_events in the window and within the filters of the report, which mean
--   what they mean in scope_uses_ever.
-- depends: scope_events_of_callers

SELECT *
FROM scope_events_of_callers
WHERE ($account IS NULL OR cardinality($key_arns) > 0 OR recipient_account_id = $account OR caller_account(caller) = $account)
  AND ($caller IS NULL OR caller IS NOT DISTINCT FROM $caller)
