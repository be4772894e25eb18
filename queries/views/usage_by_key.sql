-- id: usage_by_key
-- title: The daily roll-up with its keys resolved
-- description: usage_daily with key_arn: the key's own ARN, else the key that the typed id means in the
--   account and region of the record, else each key that the typed alias pointed to within the row's
--   times (more than one where it moved that day), else null (usage_by_name). kind is use for a
--   cryptographic operation, else management. Rows of equal dimensions add up.
-- depends: typed_keys, usage_by_name, crypto_operations

WITH resolved AS (
  SELECT
    event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region,
    record_role, is_correction, use_label, count, first_time, last_time, hours_mask,
    key AS key_arn
  FROM usage_daily
  WHERE key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM typed_keys WHERE typed_keys.key = usage_daily.key)
  UNION ALL
  SELECT
    event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region,
    record_role, is_correction, use_label, count, first_time, last_time, hours_mask, key_arn
  FROM usage_by_name
)

SELECT
  resolved.*,
  CASE WHEN crypto_operations.event_name IS NULL THEN 'management' ELSE 'use' END AS kind
FROM resolved
LEFT JOIN crypto_operations ON crypto_operations.event_name = resolved.event_name
