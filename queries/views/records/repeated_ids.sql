-- id: repeated_ids
-- title: IDs of events stored with more than one content
-- description: IDs of events of which the store has a second record of the same call with different content, for
--   example without its nulls or with members that a pipeline added. Such a record has its own ID in original_event_id
--   and is marked is_correction.
-- internal: replacements looks only for records with these IDs
-- depends: days_with_repeats

SELECT DISTINCT event_id, event_date
FROM kms_events
WHERE event_date IN (SELECT event_date FROM days_with_repeats)
  AND is_correction AND original_event_id IS NOT NULL AND original_event_id = event_id
