-- id: repeated_ids
-- title: IDs of events stored with more than one content
-- description: IDs of events of which the store has a second record of the same call with different content, for
--   example without its nulls or with members that a pipeline added. Such a record has its own ID in original_event_id
--   and is marked is_correction.
-- internal: replacements looks only for records with these IDs
-- kept: replacements look for the records of these alone

SELECT DISTINCT event_id
FROM kms_events
WHERE is_correction AND original_event_id IS NOT NULL AND original_event_id = event_id
