-- id: disputed_calls
-- title: Calls that share their event ID with another call
-- description: All records of disputed_ids. Under one ID and account they differ in key, caller, operation, outcome,
--   time or resource. AWS documents event IDs as unique, so one of them is a repeated example, a changed file or a
--   forgery. All of them count.
-- internal: notes of reports on calls say how many there are; id_conflicts is the view to query
-- depends: disputed_ids
-- kept: reports of calls ask for it

SELECT
  kms_events.event_id, kms_events.recipient_account_id, event_time, event_date, region, key_arn, destination_key_arn, caller
FROM disputed_ids
JOIN kms_events
  ON kms_events.event_id = disputed_ids.event_id
  AND (kms_events.recipient_account_id IS NOT DISTINCT FROM disputed_ids.recipient_account_id)
