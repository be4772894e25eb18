-- id: log_period
-- title: Start and end of the logs
-- description: One row: when the logs and digests in the ledger were delivered, by the time in an object's name or, if
--   the name has none, by the times of its events. Times that cannot be right do not count: more than a day after the
--   object was read, or before November 2013, when CloudTrail was launched.
-- column first_time: start of the first delivery: its first event, but at most one hour before its delivery, because
--   redelivered events may be weeks old
-- column last_time: time of the last delivery
-- column dated_ahead: number of readings of log objects dated more than a day after they were read, which do not count
-- column last_read: when a log object was last read

WITH dated AS (
  SELECT
    recorded_at,
    delivery_time > recorded_at + INTERVAL '1 day' AS is_ahead,
    CASE
      WHEN kind IN ('log', 'digest') OR (kind = 'unknown' AND account_id IS NOT NULL)
        THEN coalesce(greatest(least(min_event_time, delivery_time), delivery_time - INTERVAL '1 hour'), min_event_time)
    END AS first_time,
    CASE
      WHEN kind IN ('log', 'digest') OR (kind = 'unknown' AND account_id IS NOT NULL)
        THEN coalesce(delivery_time, max_event_time)
    END AS last_time
  FROM log_file_events
)

SELECT
  min(first_time) FILTER (
    WHERE first_time > log_begin() AND first_time <= recorded_at + INTERVAL '1 day'
  ) AS first_time,
  max(last_time) FILTER (
    WHERE last_time > log_begin() AND last_time <= recorded_at + INTERVAL '1 day'
  ) AS last_time,
  count(*) FILTER (WHERE is_ahead AND last_time IS NOT NULL) AS dated_ahead,
  max(recorded_at) AS last_read
FROM dated
