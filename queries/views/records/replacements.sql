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

-- Place orders the corrections of one record as they were read.
WITH corrections AS (
  SELECT
    original_event_id, event_id, event_name, event_time, event_date, recipient_account_id, region, content_hash,
    row_number() OVER (
      PARTITION BY original_event_id, event_name, event_time, event_date, recipient_account_id
      ORDER BY ingest_seq, event_id, content_hash
    ) AS place
  FROM kms_events
  WHERE event_date IN (SELECT event_date FROM days_with_corrections)
    AND is_correction AND original_event_id IS NOT NULL AND original_event_id <> event_id AND event_name IS NOT NULL
),

-- The last one that the correction gives way to; a record without a region may be of any.
corrections_in_order AS (
  SELECT
    *,
    CASE
      WHEN region IS NULL
        THEN max(place) OVER (PARTITION BY original_event_id, event_name, event_time, event_date, recipient_account_id)
      ELSE greatest(
        max(place) OVER (PARTITION BY original_event_id, event_name, event_time, event_date, recipient_account_id, region),
        max(CASE WHEN region IS NULL THEN place END)
          OVER (PARTITION BY original_event_id, event_name, event_time, event_date, recipient_account_id)
      )
    END AS last_place
  FROM corrections
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
  CASE slot WHEN 1 THEN original_event_id ELSE event_id END AS event_id,
  event_name, event_time, event_date, recipient_account_id, region,
  CASE slot WHEN 2 THEN content_hash END AS content_hash
FROM corrections_in_order
CROSS JOIN (VALUES (1), (2)) AS slots (slot)
WHERE slot = 1 OR place < last_place
UNION
SELECT event_id, event_name, event_time, event_date, recipient_account_id, region, content_hash
FROM repeated
WHERE place > 1
