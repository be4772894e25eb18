-- id: scope_usage
-- title: Daily usage in the window that passes the filters
-- description: Rows like those of usage_by_key, which counts records, in the window and within the filters of the
--   report, which mean the same as in scope_uses_ever. They include both records of a cross-account call (record_role),
--   network records (record_role network) and counts in doubt. Days that the window cuts are counted from their events,
--   and so is everything if a service is asked for, since the daily counts do not have all services. If the events of
--   such a day are deleted, each of its rows that overlaps the window counts in full.
-- depends: scope_usage_of_callers, scope_disputed
-- caveat:
--   SELECT 'records that typed an alias which moved that day, counted for each key that it pointed to, because the '
--     || 'events that would tell are no longer held: ' || sum(count)
--   FROM (
--     SELECT DISTINCT
--       event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region, use_label, count
--     FROM scope_usage
--     WHERE doubt = 'alias'
--   )
--   HAVING sum(count) > 0
-- caveat:
--   SELECT 'records of network activity at VPC endpoints, which tell again what KMS recorded, not counted: ' || sum(count)
--   FROM scope_usage
--   WHERE record_role = 'network'
--   HAVING sum(count) > 0
-- caveat:
--   SELECT 'records counted though some of them lie outside of the window, because the events that would tell '
--     || 'are no longer held: ' || sum(count)
--   FROM scope_usage
--   WHERE ($since IS NOT NULL AND first_time < $since AND last_time >= $since)
--     OR ($until IS NOT NULL AND first_time < $until AND last_time >= $until)
--   HAVING sum(count) > 0
-- caveat:
--   SELECT 'records of the window that are left out, because their events are no longer held and nothing '
--     || 'else tells their service: ' || (counted.records - held.records)
--   FROM (
--     SELECT coalesce(sum(count), 0) AS records
--     FROM usage_daily
--     WHERE key_role <> 'destination'
--       AND ($since IS NULL OR event_date > CAST($since AS DATE)) AND ($until IS NULL OR event_date < CAST($until AS DATE))
--   ) AS counted
--   CROSS JOIN (
--     SELECT count(*) AS records
--     FROM kms_events
--     WHERE ($since IS NULL OR event_date > CAST($since AS DATE)) AND ($until IS NULL OR event_date < CAST($until AS DATE))
--   ) AS held
--   WHERE $service IS NOT NULL AND counted.records > held.records

SELECT *
FROM scope_usage_of_callers
WHERE ($account IS NULL OR cardinality($key_arns) > 0 OR recipient_account_id = $account OR caller_account(caller) = $account)
  AND ($caller IS NULL OR caller IS NOT DISTINCT FROM $caller)
