-- id: usage_by_name
-- title: Daily counts of keys that need resolving
-- description: The part of usage_by_key whose key is not an ARN, or whose key has days that a count alone cannot
--   resolve: a typed alias moved, or a correction replaces a record. Such days are counted from their events while
--   these are in the store.
-- column first_time: first record; where the alias moved that day, not before it pointed to the key
-- column last_time: last record; where the alias moved that day, not after it pointed to the key
-- column key_arn: ARN of the key that was meant; null if unresolved
-- column resolution: how `key_arn` is known: `event`, `id`, `alias`, `alias_unproven` or `shared`, as in key_events;
--   null if unresolved
-- column doubt: why the row may be wrong, as in usage_by_key: `alias` or `correction`; null if it is right
-- columns: as in usage_daily
-- depends: special_keys, settled_days, recounted_usage, typed_names, typed_usage

WITH typed AS (
  SELECT
    typed_usage.*, names.key_arn, names.resolution, names.valid_from, names.valid_to, names.proven_from, names.proven_to,
    names.resolution = 'alias'
      AND NOT (coalesce(names.valid_from <= first_time, true) AND coalesce(names.valid_to > last_time, true)) AS is_moved
  FROM typed_usage
  LEFT JOIN typed_names AS names
    ON names.name = typed_usage.key
    AND (names.account IS NULL OR names.account = typed_usage.name_account)
    AND (names.region IS NULL OR names.region = typed_usage.region)
    AND (names.valid_from IS NULL OR names.valid_from <= typed_usage.last_time)
    AND (names.valid_to IS NULL OR names.valid_to > typed_usage.first_time)
  WHERE NOT EXISTS (
    SELECT 1 FROM settled_days
    WHERE settled_days.key = typed_usage.key AND settled_days.event_date = typed_usage.event_date
  )
)

SELECT
  event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region, record_role,
  is_correction, use_label, count,
  min(CASE WHEN is_moved THEN greatest(first_time, coalesce(valid_from, first_time)) ELSE first_time END) AS first_time,
  max(CASE WHEN is_moved THEN least(last_time, coalesce(valid_to - INTERVAL '1 second', last_time)) ELSE last_time END) AS last_time,
  hours_mask, key_arn,
  max(CASE
    WHEN resolution = 'alias' AND (first_time < proven_from OR last_time > proven_to) THEN 'alias_unproven'
    ELSE resolution
  END) AS resolution,
  CASE WHEN is_correction THEN 'correction' WHEN bool_or(is_moved) THEN 'alias' END AS doubt
FROM typed
GROUP BY
  event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region, record_role,
  is_correction, use_label, count, hours_mask, key_arn
UNION ALL
SELECT *, key AS key_arn, 'event' AS resolution, CASE WHEN is_correction THEN 'correction' END AS doubt
FROM usage_daily
WHERE EXISTS (SELECT 1 FROM special_keys WHERE special_keys.key = usage_daily.key)
  AND key LIKE 'arn:%:kms:%:key/%'
  AND NOT EXISTS (
    SELECT 1 FROM settled_days
    WHERE settled_days.key = usage_daily.key AND settled_days.event_date = usage_daily.event_date
  )
UNION ALL
SELECT
  *, arrow_cast(NULL, 'Utf8') AS key_arn, arrow_cast(NULL, 'Utf8') AS resolution,
  CASE WHEN is_correction THEN 'correction' END AS doubt
FROM usage_daily
WHERE key IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM settled_days WHERE settled_days.key = '' AND settled_days.event_date = usage_daily.event_date
  )
UNION ALL
SELECT recounted_usage.* EXCLUDE (is_replaced) REPLACE (nullif(recounted_usage.key, '') AS key), arrow_cast(NULL, 'Utf8') AS doubt
FROM recounted_usage
JOIN settled_days ON settled_days.key = recounted_usage.key AND settled_days.event_date = recounted_usage.event_date
WHERE NOT is_replaced
