-- id: disputed_ids
-- title: Ids of different calls
-- description: Event ids, with the account of the log, of which the store got a record that tells another call than an earlier
--   one of that day. Such a record names itself in original_event_id and is no correction.
-- kept: reports look for the records of these alone

SELECT DISTINCT event_id, recipient_account_id
FROM kms_events
WHERE original_event_id IS NOT NULL AND original_event_id = event_id AND NOT is_correction
