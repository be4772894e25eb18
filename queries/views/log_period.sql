-- id: log_period
-- title: From when to when the logs are
-- description: One row. first_time and last_time are the first and the last delivery of a log or digest in the ledger: the
--   time in the object's name or, if the name has none, the event times of its records. A delivery begins with its
--   first event, but an hour before it at the earliest: what is redelivered may be weeks old. A delivery time more than a
--   day after the object was read cannot be true: it does not count, and dated_ahead says how many there are.
--   Neither does a time before November 2013, when CloudTrail began. last_read is when an object was last read.

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
