-- id: replaced_events
-- title: The records that a later record corrects
-- description: The ids, with the account of the log, of KMS records that must not be counted: those that
--   a correction names (original_event_id), and of several corrections of one record all but the latest.
--   A correction replaces a record of the same operation only, and never itself. recipient_account_id may
--   be null and then matches null; a null event_id says nothing.

WITH corrections AS (
  SELECT
    corrections.original_event_id, corrections.event_id, corrections.recipient_account_id,
    row_number() OVER (
      PARTITION BY corrections.original_event_id, corrections.recipient_account_id
      ORDER BY corrections.event_time DESC, corrections.event_id DESC, corrections.content_hash DESC
    ) AS place
  FROM kms_events AS corrections
  WHERE corrections.is_correction AND EXISTS (
    SELECT 1
    FROM kms_events AS originals
    WHERE originals.event_id = corrections.original_event_id
      AND (originals.recipient_account_id IS NOT DISTINCT FROM corrections.recipient_account_id)
      AND originals.event_name = corrections.event_name
      AND originals.event_id <> corrections.event_id
  )
)

SELECT
  unnest(make_array(original_event_id, CASE WHEN place > 1 THEN event_id END)) AS event_id,
  recipient_account_id
FROM corrections
