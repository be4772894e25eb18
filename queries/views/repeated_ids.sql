-- id: repeated_ids
-- title: Ids of calls that several records tell
-- description: Event ids of which the store got another record of the same call, with another content: without its
--   nulls, say, or with members that a pipeline added. Such a record names itself in original_event_id and is a correction.
-- kept: replacements look for the records of these alone

SELECT DISTINCT event_id
FROM kms_events
WHERE is_correction AND original_event_id IS NOT NULL AND original_event_id = event_id
