-- id: behind-figures
-- title: What stands behind the figures of a report
-- description: Exact counts in the window, and of the keys asked for where there are any. A record that
--   names two keys counts once. A replaced record is one that a correction names, or an older correction
--   of the same record. A copy is the record of a call that another account's log holds too, and that
--   key_uses leaves out for the other's. Duplicates are exact copies of a stored event; they were dropped
--   when they were read, so they are told by log object: of every object with an event in the window, and
--   of all keys. What an object's first reading wrote is no duplicate of a later one.

WITH asked AS (
  SELECT key_arn, key_role, event_id, recipient_account_id, content_hash, is_correction, shared_event_id
  FROM key_events
  WHERE (
      (cardinality($key_arns) = 0 AND cardinality($key_names) = 0)
      OR array_has($key_arns, key_arn)
      OR (key_arn IS NULL AND array_has($key_names, key_as_typed))
    )
    AND ($since IS NULL OR (event_time >= $since AND event_date >= CAST($since AS DATE)))
    AND ($until IS NULL OR (event_time < $until AND event_date <= CAST($until AS DATE)))
),

-- Only of shared calls is a record ever left out for another.
used AS (
  SELECT DISTINCT content_hash, key_role, key_arn
  FROM key_uses
  WHERE shared_event_id IS NOT NULL
    AND ($since IS NULL OR (event_time >= $since AND event_date >= CAST($since AS DATE)))
    AND ($until IS NULL OR (event_time < $until AND event_date <= CAST($until AS DATE)))
),

replaced AS (
  SELECT DISTINCT event_id, recipient_account_id
  FROM replaced_events
  WHERE event_id IS NOT NULL
),

judged AS (
  SELECT
    asked.content_hash,
    bool_or(asked.is_correction) AS is_correction,
    bool_or(replaced.event_id IS NOT NULL) AS is_replaced,
    bool_and(asked.shared_event_id IS NOT NULL AND used.content_hash IS NULL) AS is_left_out
  FROM asked
  LEFT JOIN replaced
    ON replaced.event_id = asked.event_id
    AND (replaced.recipient_account_id IS NOT DISTINCT FROM asked.recipient_account_id)
  LEFT JOIN used
    ON used.content_hash = asked.content_hash
    AND used.key_role = asked.key_role
    AND (used.key_arn IS NOT DISTINCT FROM asked.key_arn)
  GROUP BY asked.content_hash
),

counted AS (
  SELECT
    count(*) AS records,
    count(*) FILTER (WHERE is_correction) AS corrections,
    count(*) FILTER (WHERE is_replaced) AS replaced,
    count(*) FILTER (WHERE is_left_out AND NOT is_replaced) AS copies
  FROM judged
),

written AS (
  SELECT object_id, sum(written) AS written
  FROM log_file_events
  GROUP BY object_id
),

dropped AS (
  SELECT
    count(*) AS objects,
    coalesce(sum(log_files.duplicates - (written.written - log_files.written)), 0) AS duplicates
  FROM log_files
  JOIN written ON written.object_id = log_files.object_id
  WHERE log_files.min_event_time IS NOT NULL
    AND ($since IS NULL OR log_files.max_event_time >= $since)
    AND ($until IS NULL OR log_files.min_event_time < $until)
),

figures AS (
  SELECT 1 AS place, 'records' AS what, records AS count FROM counted
  UNION ALL
  SELECT 2, 'of them corrections', corrections FROM counted
  UNION ALL
  SELECT 3, 'of them replaced by a correction', replaced FROM counted
  UNION ALL
  SELECT 4, 'of them copies in another account''s log', copies FROM counted
  UNION ALL
  SELECT 5, 'log objects with events in the window', objects FROM dropped
  UNION ALL
  SELECT 6, 'duplicates dropped from them, of all keys', duplicates FROM dropped
)

SELECT what, count
FROM figures
ORDER BY place
