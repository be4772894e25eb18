-- id: usage_by_key
-- title: The daily counts with their keys resolved
-- description: usage_daily with key_arn: the key's own ARN, else what usage_by_name tells of the row: the key that the
--   typed id or alias means in the account and region of the record, else null. Days on which a typed alias moved,
--   or a correction replaces a record, are counted from their events while these are held; doubt says where they
--   are not (alias, correction). kind is use, management or unknown,
--   as in key_uses. Rows of equal dimensions add up.
-- depends: special_keys, usage_by_name

SELECT *, key AS key_arn, arrow_cast(NULL, 'Utf8') AS doubt, operation_kind(event_name) AS kind
FROM usage_daily
WHERE key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM special_keys WHERE special_keys.key = usage_daily.key)
UNION ALL
SELECT * EXCLUDE (resolution), operation_kind(event_name) AS kind
FROM usage_by_name
