-- id: behind-figures
-- title: Evidence for the figures of a report
-- description: Exact counts of the records in the window that pass the filters. A record that names two keys counts
--   once. A replaced record is one of replaced_events: a correction replaces it, or another correction of the same
--   record was read later. A copy is the record of a call that another account's log has too, and that key_uses leaves
--   out; network records are not copies. Duplicates are exact copies of a stored event, dropped on ingest, so they are
--   counted by log object: for every object with an event in the window, over all keys. What an earlier reading of an
--   object wrote is not a duplicate of a later one. Records beyond the retention horizon are in none of the counts.

WITH records_asked AS (
  SELECT
    key_arn, event_id, recipient_account_id, content_hash, is_correction, record_role,
    coalesce(shared_event_id, copied_calls.call_id) AS call_id
  FROM scope_events
  LEFT JOIN copied_calls
    ON copied_calls.request = scope_events.request_id
    AND copied_calls.event_date = scope_events.event_date
    AND copied_calls.at = scope_events.event_time
    AND copied_calls.operation = scope_events.event_name
),

-- Only of shared calls is a record ever left out for another.
records_used AS (
  SELECT DISTINCT content_hash, key_arn
  FROM key_uses
  WHERE log_accounts IS NOT NULL
    AND is_in_window(event_time) AND is_day_in_window(event_date)
),

replaced_records_held AS (
  SELECT DISTINCT event_id, recipient_account_id, content_hash
  FROM replaced_events
),

records_judged AS (
  SELECT
    records_asked.content_hash,
    bool_or(records_asked.is_correction) AS is_correction,
    bool_or(replaced_records_held.event_id IS NOT NULL) AS is_replaced,
    bool_and(records_asked.call_id IS NOT NULL AND records_used.content_hash IS NULL AND records_asked.record_role <> 'network') AS is_left_out
  FROM records_asked
  LEFT JOIN replaced_records_held
    ON replaced_records_held.event_id = records_asked.event_id
    AND replaced_records_held.content_hash = records_asked.content_hash
    AND (replaced_records_held.recipient_account_id IS NOT DISTINCT FROM records_asked.recipient_account_id)
  LEFT JOIN records_used
    ON records_used.content_hash = records_asked.content_hash
    AND (records_used.key_arn IS NOT DISTINCT FROM records_asked.key_arn)
  GROUP BY records_asked.content_hash
),

record_counts AS (
  SELECT
    count(*) AS records,
    count(*) FILTER (WHERE is_correction) AS corrections,
    count(*) FILTER (WHERE is_replaced) AS replaced,
    count(*) FILTER (WHERE is_left_out AND NOT is_replaced) AS copies
  FROM records_judged
),

-- Of each reading of an object, what it found stored beside what earlier readings of it wrote; where these
-- were given up meanwhile, an earlier reading tells more.
readings AS (
  SELECT
    object_id,
    duplicates + written - sum(written) OVER (PARTITION BY object_id ORDER BY attempt) AS duplicates
  FROM log_file_events
),

objects AS (
  SELECT object_id, max(duplicates) AS duplicates
  FROM readings
  GROUP BY object_id
),

duplicates_dropped AS (
  SELECT count(*) AS objects, coalesce(sum(objects.duplicates), 0) AS duplicates
  FROM log_files
  JOIN objects ON objects.object_id = log_files.object_id
  WHERE log_files.min_event_time IS NOT NULL
    AND ($since IS NULL OR log_files.max_event_time >= $since)
    AND ($until IS NULL OR log_files.min_event_time < $until)
),

figures AS (
  SELECT 1 AS place, 'records' AS what, records AS count FROM record_counts
  UNION ALL
  SELECT 2, 'of them corrections', corrections FROM record_counts
  UNION ALL
  SELECT 3, 'of them replaced by a correction', replaced FROM record_counts
  UNION ALL
  SELECT 4, 'of them copies in another account''s log', copies FROM record_counts
  UNION ALL
  SELECT 5, 'log objects with events in the window', objects FROM duplicates_dropped
  UNION ALL
  SELECT 6, 'duplicates dropped from them, of all keys', duplicates FROM duplicates_dropped
)

SELECT what, count
FROM figures
ORDER BY place
