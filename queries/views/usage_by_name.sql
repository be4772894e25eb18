-- id: usage_by_name
-- title: The daily counts of calls that tell no key's ARN, resolved
-- description: The rows of usage_daily whose key is not the ARN of one, with key_arn: the key that the typed id means
--   in the account and region of the record, else each key that the typed alias pointed to within the row's
--   times (more than one where it moved that day), else null.
-- depends: typed_keys, typed_names

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
  WHERE EXISTS (SELECT 1 FROM typed_keys WHERE typed_keys.key = usage_daily.key)
  GROUP BY
    event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region,
    record_role, is_correction, use_label
)

SELECT DISTINCT summed.*, names.key_arn
FROM summed
LEFT JOIN typed_names AS names
  ON names.name = summed.key
  AND (names.account IS NULL OR names.account = summed.recipient_account_id)
  AND (names.region IS NULL OR names.region = summed.region)
  AND (names.valid_from IS NULL OR names.valid_from <= summed.last_time)
  AND (names.valid_to IS NULL OR names.valid_to > summed.first_time)
UNION ALL
SELECT
  event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region,
  record_role, is_correction, use_label, count, first_time, last_time, hours_mask,
  arrow_cast(NULL, 'Utf8') AS key_arn
FROM usage_daily
WHERE key IS NULL
