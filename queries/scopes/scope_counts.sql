-- id: scope_counts
-- title: Daily counts for a report, each call counted once
-- description: Rows of uses_daily in the window and within the filters of the report, which mean the same as in
--   scope_uses_ever. caller_account is null if the record does not give it (a service). A day that the window cuts counts
--   with its part in the window; if its events are deleted, each of its rows that overlaps the window counts in full. If
--   is_repeated is true, leave the row out when adding up over keys.
-- depends: scope_counts_ever, scope_disputed
-- caveat:
--   SELECT
--     'moved-alias' AS code,
--     sum(count) AS count,
--     counted(sum(count), 'operation typed', 'operations typed')
--       || ' an alias that moved that day; counted for each key (events deleted)' AS text
--   FROM scope_counts
--   WHERE NOT is_repeated
--   HAVING count(*) > 0
-- caveat:
--   SELECT
--     'partial-day' AS code,
--     sum(count) AS count,
--     counted(sum(count), 'operation', 'operations')
--       || ' counted in full although partly outside the window (events deleted)' AS text
--   FROM scope_counts
--   WHERE ($since IS NOT NULL AND first_time < $since AND last_time >= $since)
--     OR ($until IS NOT NULL AND first_time < $until AND last_time >= $until)
--   HAVING count(*) > 0
-- caveat:
--   SELECT
--     'no-service' AS code,
--     sum(count) AS count,
--     counted(sum(count), 'operation', 'operations')
--       || ' left out: events deleted, and their counts do not name the service' AS text
--   FROM uses_daily
--   WHERE $service IS NOT NULL AND invoked_by IS NULL AND service IS NULL
--     AND is_counted_by_records(event_date) AND is_day_in_window(event_date)
--   HAVING count(*) > 0

SELECT
  -- Of the keys that an alias pointed to, the one asked for has all rows.
  * REPLACE (CASE WHEN is_repeated IS NOT NULL THEN is_repeated AND NOT is_key_asked() END AS is_repeated),
  coalesce(caller_account(caller), CASE WHEN record_role = 'caller_copy' THEN recipient_account_id END) AS caller_account
FROM scope_counts_ever
WHERE is_of_asked_keys(key_arn, key_as_typed, recipient_account_id, region)
  AND (
    is_of_asked_account(recipient_account_id, caller)
    OR coalesce(array_has(string_to_array(log_accounts, ' '), $account), false)
  )
  AND is_of_asked_caller(caller)
  AND ($service IS NULL OR coalesce(invoked_by, service) = $service)
  AND ($hide_own IS NOT TRUE OR use_label IS NULL)
  AND overlaps_window(first_time, last_time) AND is_day_in_window(event_date)
