-- id: replaced_records
-- title: The records in replaced_events, with all columns
-- description: Rows of kms_events that must not be counted, because a correction replaces them.
-- internal: replaced_resources counts them as key_resources did
-- depends: replaced_events

SELECT kms_events.*
FROM kms_events
JOIN (SELECT DISTINCT event_id, content_hash FROM replaced_events) AS replaced
  ON replaced.event_id = kms_events.event_id AND replaced.content_hash = kms_events.content_hash
