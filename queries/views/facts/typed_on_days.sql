-- id: typed_on_days
-- title: Key IDs and aliases typed on each day where the event gives no key ARN
-- description: One row per day and name. The facts of the day depend on what these names meant.
-- internal: a settlement keeps the names of its day

SELECT DISTINCT event_date, key_as_typed AS typed
FROM kms_events
WHERE key_arn IS NULL AND key_as_typed IS NOT NULL
UNION
SELECT DISTINCT event_date, destination_key_as_typed AS typed
FROM kms_events
WHERE destination_key_arn IS NULL AND destination_key_as_typed IS NOT NULL
