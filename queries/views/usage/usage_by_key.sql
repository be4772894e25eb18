-- id: usage_by_key
-- title: Daily counts by key
-- description: usage_daily with the key resolved. Days on which a typed alias moved, or a correction replaces a record,
--   are counted from their events while these are in the store. It counts records, so a cross-account call in two logs
--   counts twice (record_role). Rows of equal dimensions add up.
-- column key_arn: ARN of the key: `key` itself, else the key that the typed ID or alias means in the account and region
--   of the record; null if unresolved
-- column doubt: why the row may be wrong, because the events of that day are deleted: `alias` (the typed alias moved
--   that day, and the row is repeated for each key that it pointed to) or `correction` (the records correct earlier
--   ones that may be counted too); null if it is right
-- column kind: `use`, `management` or `unknown`, as in key_uses
-- columns: as in usage_daily
-- depends: special_keys, usage_by_name

SELECT *, key AS key_arn, arrow_cast(NULL, 'Utf8') AS doubt, operation_kind(event_name) AS kind
FROM usage_daily
WHERE key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM special_keys WHERE special_keys.key = usage_daily.key)
UNION ALL
SELECT * EXCLUDE (resolution), operation_kind(event_name) AS kind
FROM usage_by_name
