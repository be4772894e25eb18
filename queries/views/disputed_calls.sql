-- id: disputed_calls
-- title: Calls whose event id another call has, too
-- description: Records whose event id and account an earlier record of the same day has that tells another call: they differ
--   in key, caller, operation, outcome, time or resource. AWS documents ids as unique: one of the two is a repeated
--   example, a changed file or a forgery. Both count; id_conflicts has all contents.
-- kept: reports of calls ask for it

SELECT event_id, recipient_account_id, event_time, event_date, region, key_arn, destination_key_arn, caller
FROM kms_events
WHERE original_event_id IS NOT NULL AND original_event_id = event_id AND NOT is_correction
