-- id: log_hours
-- title: First and last hour of the logs
-- description: One row, with hours since 1970: the hour of the first delivery in the ledger, and of the last.
-- internal: the coverage views begin and end there

SELECT
  hour_of(min(least(delivery_time, covers_from(log_file_events)))) AS first_hour,
  hour_of(max(least(delivery_time, recorded_at))) AS last_hour
FROM log_file_events
WHERE kind IN ('log', 'digest') AND delivery_time > log_begin() AND account_id IS NOT NULL
