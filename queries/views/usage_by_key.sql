-- id: usage_by_key
-- title: The daily roll-up with its keys resolved
-- description: usage_daily with key_arn: the key's own ARN, else the key that the typed id means in the
--   account and region of the record, else each key that the typed alias pointed to within the row's
--   times (more than one where it moved that day), else null. kind is use for a cryptographic operation,
--   else management. Rows of equal dimensions add up.
-- depends: typed_names, crypto_operations

WITH summed AS (
  -- Rows of equal dimensions are added up first where a name may mean one key twice, so that none of them is
  -- taken for another's double.
  SELECT
    event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region,
    record_role, is_correction, use_label,
    sum(count) AS count,
    min(first_time) AS first_time,
    max(last_time) AS last_time,
    bit_or(hours_mask) AS hours_mask
  FROM usage_daily
  WHERE key IS NULL OR key NOT LIKE 'arn:%:kms:%:key/%'
  GROUP BY
    event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region,
    record_role, is_correction, use_label
),

resolved AS (
  SELECT
    event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region,
    record_role, is_correction, use_label, count, first_time, last_time, hours_mask,
    key AS key_arn
  FROM usage_daily
  WHERE key LIKE 'arn:%:kms:%:key/%'
  UNION ALL
  SELECT DISTINCT summed.*, names.key_arn
  FROM summed
  LEFT JOIN typed_names AS names
    ON names.name = summed.key
    AND (names.account IS NULL OR names.account = summed.recipient_account_id)
    AND (names.region IS NULL OR names.region = summed.region)
    AND (names.valid_from IS NULL OR names.valid_from <= summed.last_time)
    AND (names.valid_to IS NULL OR names.valid_to > summed.first_time)
)

SELECT
  resolved.*,
  CASE WHEN crypto_operations.event_name IS NULL THEN 'management' ELSE 'use' END AS kind
FROM resolved
LEFT JOIN crypto_operations ON crypto_operations.event_name = resolved.event_name
