-- id: live_events
-- title: KMS events of the days that are not settled
-- description: Rows of kms_events whose facts are computed.
-- internal: all that computed_uses knows of records it knows from here

SELECT *
FROM kms_events
WHERE NOT is_settled_day(event_date)
