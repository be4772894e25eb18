-- id: earlier_counts
-- title: Daily counts of operations of which only records are counted
-- description: Rows like those of uses_daily for the days whose events an earlier version of keytrail deleted, from the
--   counts of records. What a
--   record corrects is counted, the correction is not. If several accounts have records of the calls of one day, key,
--   operation, outcome and calling account (or service), only the log with the most of them counts; of logs with equally
--   many, that of the caller's account, which names the caller. Logs with records in different hours have no call in
--   common, so both count.
-- internal: uses_daily has these rows
-- depends: typed_names, copied_keys
-- kept: a report counts them several times

WITH counts AS (
  SELECT
    event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region, record_role,
    nullif(use_label, 'none') AS use_label,
    coalesce(caller_account(caller), recipient_account_id) AS name_account,
    sum(count) AS count,
    min(first_time) AS first_time,
    max(last_time) AS last_time,
    bit_or(hours_mask) AS hours_mask
  FROM usage_daily
  WHERE is_counted_by_records(event_date) AND record_role <> 'network' AND NOT is_correction
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
),

-- A row for each key that was meant; if the alias moved that day, for each that it pointed to.
counts_by_key AS (
  SELECT
    counts.*, names.key_arn, names.resolution, names.proven_from, names.proven_to,
    names.resolution = 'alias'
      AND NOT (coalesce(names.valid_from <= first_time, true) AND coalesce(names.valid_to > last_time, true)) AS is_moved,
    names.valid_from, names.valid_to
  FROM counts
  LEFT JOIN typed_names AS names
    ON names.name = counts.key
    AND (names.account IS NULL OR names.account = counts.name_account)
    AND (names.region IS NULL OR names.region = counts.region)
    AND (names.valid_from IS NULL OR names.valid_from <= counts.last_time)
    AND (names.valid_to IS NULL OR names.valid_to > counts.first_time)
  WHERE counts.key IS NOT NULL AND counts.key NOT LIKE 'arn:%:kms:%:key/%'
),

counts_with_keys AS (
  SELECT
    event_date, key, key AS key_arn, key_role, 'event' AS resolution, event_name, outcome, caller, invoked_by,
    recipient_account_id, region, record_role, use_label, count, first_time, last_time, hours_mask,
    arrow_cast(NULL, 'Boolean') AS is_repeated
  FROM counts
  WHERE key LIKE 'arn:%:kms:%:key/%'
  UNION ALL
  SELECT
    event_date, key, NULL AS key_arn, key_role, NULL AS resolution, event_name, outcome, caller, invoked_by,
    recipient_account_id, region, record_role, use_label, count, first_time, last_time, hours_mask,
    arrow_cast(NULL, 'Boolean') AS is_repeated
  FROM counts
  WHERE key IS NULL
  UNION ALL
  SELECT
    event_date, key, key_arn, key_role,
    CASE
      WHEN resolution = 'alias' AND (first_time < proven_from OR last_time > proven_to) THEN 'alias_unproven'
      ELSE resolution
    END AS resolution,
    event_name, outcome, caller, invoked_by, recipient_account_id, region, record_role, use_label, count,
    CASE WHEN is_moved THEN greatest(first_time, coalesce(valid_from, first_time)) ELSE first_time END AS first_time,
    CASE WHEN is_moved THEN least(last_time, coalesce(valid_to - INTERVAL '1 second', last_time)) ELSE last_time END AS last_time,
    hours_mask,
    CASE
      WHEN is_moved THEN row_number() OVER (
        PARTITION BY event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region, use_label
        ORDER BY key_arn
      ) > 1
    END AS is_repeated
  FROM counts_by_key
),

-- What the records of several accounts have in common, in columns that are never null.
counts_by_call AS (
  SELECT
    *,
    coalesce(key_arn, key, '') AS any_key,
    key_role = 'destination' AS is_destination,
    coalesce(event_name, '') AS any_event_name,
    coalesce(recipient_account_id, '') AS log,
    CASE
      WHEN caller LIKE 'service:%' THEN caller
      ELSE coalesce(caller_account(caller), CASE WHEN record_role = 'caller_copy' THEN recipient_account_id END, '')
    END AS calling
  FROM counts_with_keys
),

logs AS (
  SELECT
    any_key, is_destination, event_date, any_event_name, outcome, calling, log,
    min(record_role) AS record_role, sum(count) AS records, CAST(bit_or(hours_mask) AS BIGINT) AS hours_mask
  FROM counts_by_call
  -- Only of few keys a caller's log holds copies, so that there is something to compare.
  WHERE any_key IN (SELECT any_key FROM copied_keys)
  GROUP BY any_key, is_destination, event_date, any_event_name, outcome, calling, log
),

counted_logs AS (
  SELECT
    any_key, is_destination, event_date, any_event_name, outcome, calling,
    -- Logs of different hours of the day have no call in common.
    CASE
      WHEN sum(hours_mask) = bit_or(hours_mask) THEN array_agg(log)
      ELSE make_array(first_value(log ORDER BY records DESC, log <> calling, record_role, log))
    END AS counted,
    array_to_string(array_sort(array_agg(log)), ' ') AS log_accounts
  FROM logs
  GROUP BY any_key, is_destination, event_date, any_event_name, outcome, calling
  HAVING max(record_role) > min(record_role) OR count(*) > 1 OR max(record_role) = 'caller_copy'
)

SELECT
  counts_by_call.event_date, key_arn,
  CASE WHEN key_arn IS NULL THEN key END AS key_as_typed,
  key_role, resolution, event_name, counts_by_call.outcome, caller, invoked_by, arrow_cast(NULL, 'Utf8') AS service,
  recipient_account_id, region, record_role, counted_logs.log_accounts, use_label, count, first_time, last_time,
  hours_mask, is_repeated
FROM counts_by_call
LEFT JOIN counted_logs
  ON counted_logs.any_key = counts_by_call.any_key
  AND counted_logs.is_destination = counts_by_call.is_destination
  AND counted_logs.event_date = counts_by_call.event_date
  AND counted_logs.any_event_name = counts_by_call.any_event_name
  AND counted_logs.outcome = counts_by_call.outcome
  AND counted_logs.calling = counts_by_call.calling
WHERE coalesce(array_has(counted_logs.counted, counts_by_call.log), true)
