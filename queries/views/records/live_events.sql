-- id: live_events
-- title: KMS events of the days that are not settled
-- description: Rows of kms_events whose facts are computed: those of days that are not settled, and those that were stored
--   after the last settlement of their day, of keys that have a hold.
-- internal: all that computed_uses knows of records it knows from here

SELECT *
FROM kms_events
WHERE NOT is_settled_day(event_date) OR is_late_record(event_date, ingest_seq)
