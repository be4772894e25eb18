-- id: disputed_ids
-- title: Event IDs shared by different calls
-- description: Event IDs and accounts for which the store has records of different calls on one day. The later record
--   has its own ID in original_event_id and is not marked is_correction.
-- internal: disputed_calls looks only for records with these IDs
-- depends: days_with_repeats
-- kept: reports look for the records of these alone

SELECT DISTINCT event_id, recipient_account_id
FROM kms_events
WHERE event_date IN (SELECT event_date FROM days_with_repeats)
  AND original_event_id IS NOT NULL AND original_event_id = event_id AND NOT is_correction
