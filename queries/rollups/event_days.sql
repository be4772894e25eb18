-- id: event_days
-- title: Records per day
-- description: How many KMS records each commit added to each day. Whether the facts of a day are those of all its
--   records is decided by it.

SELECT
  event_date,
  count(*) AS count,
  count(*) FILTER (WHERE original_event_id = event_id) AS repeated,
  count(*) FILTER (WHERE is_correction) AS corrections,
  max(ingest_seq) AS ingest_seq
FROM new_kms_events
GROUP BY event_date
