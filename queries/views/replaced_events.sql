-- id: replaced_events
-- title: The records that a later record corrects
-- description: The ids, with the account of the log, of KMS records that must not be counted: those that
--   a correction names (original_event_id), and of several corrections of one record all but the latest.
--   recipient_account_id may be null and then matches null; a null event_id says nothing.

WITH corrections AS (
  SELECT
    original_event_id, event_id, recipient_account_id,
    row_number() OVER (
      PARTITION BY original_event_id, recipient_account_id
      ORDER BY event_time DESC, event_id DESC, content_hash DESC
    ) AS place
  FROM kms_events
  WHERE is_correction AND original_event_id IS NOT NULL
)

SELECT
  unnest(make_array(original_event_id, CASE WHEN place > 1 THEN event_id END)) AS event_id,
  recipient_account_id
FROM corrections
