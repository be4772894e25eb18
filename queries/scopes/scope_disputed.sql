-- id: scope_disputed
-- title: Calls of the window that share their event ID with another call
-- description: Rows of disputed_calls in the window; if a key is asked for, those that name no other.
-- depends: disputed_calls
-- caveat:
--   SELECT
--     'id-conflicts' AS code,
--     count(DISTINCT event_id) AS count,
--     counted(count(DISTINCT event_id), 'event id has', 'event ids have')
--       || ' different calls; one may be forged, each counts; see select * from id_conflicts' AS text
--   FROM scope_disputed
--   HAVING count(*) > 0

SELECT *
FROM disputed_calls
WHERE is_in_window(event_time)
  AND ($account IS NULL OR recipient_account_id IS NULL OR recipient_account_id = $account OR caller_account(caller) = $account)
  AND (is_asked_key(key_arn, NULL) OR key_arn IS NULL OR coalesce(array_has($key_arns, destination_key_arn), false))
