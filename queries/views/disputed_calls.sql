-- id: disputed_calls
-- title: Calls whose event id another call has, too
-- description: All records of disputed_ids: under one id and account they differ in key, caller, operation, outcome, time or
--   resource. AWS documents ids as unique, so one of them is a repeated example, a changed file or a forgery. All count.
-- depends: disputed_ids
-- kept: reports of calls ask for it

SELECT
  kms_events.event_id, kms_events.recipient_account_id, event_time, event_date, region, key_arn, destination_key_arn, caller
FROM disputed_ids
JOIN kms_events
  ON kms_events.event_id = disputed_ids.event_id
  AND (kms_events.recipient_account_id IS NOT DISTINCT FROM disputed_ids.recipient_account_id)
