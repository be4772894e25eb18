-- id: stored_days
-- title: Days, and whether all their events are stored
-- description: One row per day of the daily counts: how many records were counted, and how many of their events are
--   stored. Events may be deleted; if is_whole, the events say what the counts of the day cannot.
-- internal: scope_usage and unused-keys read it

SELECT
  event_date,
  sum(records) AS records,
  sum(events) AS events,
  sum(records) = sum(events) AS is_whole
FROM (
  SELECT event_date, count AS records, 0 AS events
  FROM usage_daily
  WHERE key_role <> 'destination'
  UNION ALL
  SELECT event_date, 0 AS records, 1 AS events
  FROM kms_events
) AS counted
GROUP BY event_date
