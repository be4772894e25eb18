-- id: usage_by_key
-- title: The daily roll-up with its keys resolved
-- description: usage_daily with key_arn: the key's own ARN, else the key that the typed id means in the
--   account and region of the record, else each key that the typed alias pointed to within the row's
--   times (more than one where it moved that day), else null. kind is use for a cryptographic operation,
--   else management. Ids resolve from the roll-up alone, aliases only while the events are held.
-- depends: typed_names, crypto_operations

WITH resolved AS (
  SELECT *, key AS key_arn
  FROM usage_daily
  WHERE key LIKE 'arn:%:kms:%:key/%'
  UNION ALL
  SELECT DISTINCT usage_daily.*, names.key_arn
  FROM usage_daily
  LEFT JOIN typed_names AS names
    ON names.name = usage_daily.key
    AND (names.account IS NULL OR names.account = usage_daily.recipient_account_id)
    AND (names.region IS NULL OR names.region = usage_daily.region)
    AND (names.valid_from IS NULL OR names.valid_from <= usage_daily.last_time)
    AND (names.valid_to IS NULL OR names.valid_to > usage_daily.first_time)
  WHERE usage_daily.key IS NULL OR usage_daily.key NOT LIKE 'arn:%:kms:%:key/%'
)

SELECT
  resolved.*,
  CASE WHEN crypto_operations.event_name IS NULL THEN 'management' ELSE 'use' END AS kind
FROM resolved
LEFT JOIN crypto_operations ON crypto_operations.event_name = resolved.event_name
