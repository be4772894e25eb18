-- id: replacements
-- title: Records replaced by a correction
-- description: A record is replaced if a row here has its ID, operation, time and account (equal, or both null), its
--   region if both give one, and its content if the row gives one. Each correction has a row for the record that it
--   names (original_event_id, never its own ID), with any content, and a row for itself, by content, if another
--   correction of the same record was read later. Of records with the same ID that describe the same call
--   (repeated_ids), all but one have a row, by content: the record from a log object that CloudTrail delivered stays,
--   else the first. replaced_events has the replaced records that are in the store.
-- internal: every count of operations leaves out the records that match it
-- depends: repeated_ids, log_files, days_with_corrections

WITH corrections AS (
  SELECT
    original_event_id, event_id, event_name, event_time, event_date, recipient_account_id, region, content_hash, ingest_seq
  FROM kms_events
  WHERE event_date IN (SELECT event_date FROM days_with_corrections)
    AND is_correction AND original_event_id IS NOT NULL AND original_event_id <> event_id AND event_name IS NOT NULL
),

-- Parted by what decides an answer, so that no record gives way to one of another call.
repeated AS (
  SELECT
    kms_events.event_id, event_name, event_time, kms_events.event_date, recipient_account_id, kms_events.region, content_hash,
    row_number() OVER (
      PARTITION BY
        kms_events.event_id, kms_events.event_date, recipient_account_id, event_time, event_name, event_type, kms_events.region, caller,
        invoked_by, key_arn, key_as_typed, destination_key_arn, destination_key_as_typed, outcome, is_dry_run, resource_list
      ORDER BY
        log_files.delivery_time IS NULL OR log_files.kind <> 'log', is_correction, ingest_seq, record_number, content_hash
    ) AS place
  FROM repeated_ids
  JOIN kms_events ON kms_events.event_id = repeated_ids.event_id AND kms_events.event_date = repeated_ids.event_date
  LEFT JOIN log_files ON log_files.object_id = kms_events.object_id
  WHERE NOT is_correction OR original_event_id = kms_events.event_id
)

SELECT
  original_event_id AS event_id, event_name, event_time, event_date, recipient_account_id, region,
  arrow_cast(NULL, 'Binary') AS content_hash
FROM corrections
UNION
SELECT
  earlier.event_id, earlier.event_name, earlier.event_time, earlier.event_date, earlier.recipient_account_id, earlier.region,
  earlier.content_hash
FROM corrections AS earlier
JOIN corrections AS later
  ON later.original_event_id = earlier.original_event_id
  AND later.event_name = earlier.event_name
  AND later.event_date = earlier.event_date
  AND later.event_time = earlier.event_time
  AND (later.recipient_account_id IS NOT DISTINCT FROM earlier.recipient_account_id)
WHERE coalesce(later.region = earlier.region, true)
  AND (
    later.ingest_seq > earlier.ingest_seq
    OR (later.ingest_seq = earlier.ingest_seq AND later.event_id > earlier.event_id)
    OR (
      later.ingest_seq = earlier.ingest_seq AND later.event_id = earlier.event_id
      AND later.content_hash > earlier.content_hash
    )
  )
UNION
SELECT event_id, event_name, event_time, event_date, recipient_account_id, region, content_hash
FROM repeated
WHERE place > 1
