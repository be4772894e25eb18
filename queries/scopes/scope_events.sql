-- id: scope_events
-- title: Records in the window that pass the filters
-- description: Rows of key_events in the window that pass the filters of the report, which mean the same as in
--   scope_uses_ever.
-- depends: scope_events_of_callers

SELECT *
FROM scope_events_of_callers
WHERE ($account IS NULL OR cardinality($key_arns) > 0 OR recipient_account_id = $account OR caller_account(caller) = $account)
  AND ($caller IS NULL OR caller IS NOT DISTINCT FROM $caller)
