-- id: replaced_events
-- title: The records that a later record corrects
-- description: The KMS records that must not be counted, by id, account of the log and content: those that
--   a correction names (original_event_id), and of several corrections of one record all but the one that
--   was read last. A correction tells the same call anew, so it replaces a record only where the two agree
--   in operation, time, account of the log and, where both tell it, region; and never itself. One that
--   does not agree is a record of its own and hides nothing. recipient_account_id may be null and then
--   matches null.

WITH agreeing AS (
  SELECT
    originals.event_id AS original_id,
    originals.content_hash AS original_hash,
    corrections.event_id,
    corrections.content_hash,
    corrections.recipient_account_id,
    row_number() OVER (
      PARTITION BY originals.event_id, originals.recipient_account_id, originals.content_hash
      ORDER BY corrections.ingest_seq DESC, corrections.event_id DESC, corrections.content_hash DESC
    ) AS place
  FROM kms_events AS corrections
  JOIN kms_events AS originals
    ON originals.event_id = corrections.original_event_id
    AND originals.event_name = corrections.event_name
    AND originals.event_time = corrections.event_time
    AND (originals.recipient_account_id IS NOT DISTINCT FROM corrections.recipient_account_id)
  WHERE corrections.is_correction
    AND originals.event_id <> corrections.event_id
    AND (originals.region = corrections.region OR originals.region IS NULL OR corrections.region IS NULL)
)

SELECT original_id AS event_id, recipient_account_id, original_hash AS content_hash
FROM agreeing
UNION
SELECT event_id, recipient_account_id, content_hash
FROM agreeing
WHERE place > 1
