-- id: scope_counts
-- title: Daily counts for a report, each call counted once
-- description: scope_usage without the second record of a cross-account call, whichever account's log was asked for. If
--   several accounts have records of the calls of one day, key, operation, outcome and calling account (or service),
--   only the log with the most of them counts; of logs with equally many, that of the caller's account, which names the
--   caller, else one of another account than the key's. Logs with records in different hours have no call in common, so
--   both count. Network records are left out, and so are records that correct earlier ones whose events are deleted:
--   the earlier ones are counted. caller_account is null if the record does not give it (a service). is_other_key marks
--   all but the first key of calls that typed an alias on a day on which it moved, if the events are deleted: they are
--   repeated for each key that the alias pointed to, so leave them out when adding up over keys.
-- depends: scope_usage_of_callers, copied_keys

WITH counts_by_name AS (
  SELECT *, false AS is_other_key
  FROM scope_usage_of_callers
  WHERE doubt IS NULL AND record_role <> 'network'
  UNION ALL
  SELECT
    *,
    row_number() OVER (
      PARTITION BY
        event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region, use_label
      ORDER BY key_arn
    ) > 1 AS is_other_key
  FROM scope_usage_of_callers
  WHERE doubt = 'alias' AND record_role <> 'network'
),

counts_by_account AS (
  SELECT
    *,
    coalesce(caller_account(caller), CASE WHEN record_role = 'caller_copy' THEN recipient_account_id END) AS caller_account
  FROM counts_by_name
),

-- What the records of several accounts have in common, in columns that are never null.
counts_by_call AS (
  SELECT
    *,
    coalesce(key_arn, key, '') AS any_key,
    key_role = 'destination' AS is_destination,
    coalesce(event_name, '') AS any_event_name,
    coalesce(recipient_account_id, '') AS log,
    CASE WHEN caller LIKE 'service:%' THEN caller ELSE coalesce(caller_account, '') END AS calling
  FROM counts_by_account
),

-- Only of few keys a caller's log holds copies, so that there is something to compare.
counts_of_copied_keys AS (
  SELECT *
  FROM counts_by_call
  WHERE any_key IN (SELECT any_key FROM copied_keys)
),

copied_calls_of_days AS (
  SELECT DISTINCT any_key, is_destination, event_date, any_event_name, outcome, calling
  FROM counts_of_copied_keys
  WHERE record_role = 'caller_copy'
),

logs AS (
  SELECT
    counts_of_copied_keys.any_key, counts_of_copied_keys.is_destination, counts_of_copied_keys.event_date, counts_of_copied_keys.any_event_name, counts_of_copied_keys.outcome,
    counts_of_copied_keys.calling, counts_of_copied_keys.log, min(counts_of_copied_keys.record_role) AS record_role, sum(counts_of_copied_keys.count) AS records,
    CAST(bit_or(counts_of_copied_keys.hours_mask) AS BIGINT) AS hours_mask
  FROM copied_calls_of_days
  JOIN counts_of_copied_keys
    ON counts_of_copied_keys.any_key = copied_calls_of_days.any_key
    AND counts_of_copied_keys.is_destination = copied_calls_of_days.is_destination
    AND counts_of_copied_keys.event_date = copied_calls_of_days.event_date
    AND counts_of_copied_keys.any_event_name = copied_calls_of_days.any_event_name
    AND counts_of_copied_keys.outcome = copied_calls_of_days.outcome
    AND counts_of_copied_keys.calling = copied_calls_of_days.calling
  GROUP BY
    counts_of_copied_keys.any_key, counts_of_copied_keys.is_destination, counts_of_copied_keys.event_date, counts_of_copied_keys.any_event_name, counts_of_copied_keys.outcome,
    counts_of_copied_keys.calling, counts_of_copied_keys.log
),

counted_logs_of_days AS (
  SELECT
    any_key, is_destination, event_date, any_event_name, outcome, calling,
    -- Logs of different hours of the day have no call in common.
    CASE
      WHEN sum(hours_mask) = bit_or(hours_mask) THEN array_agg(log)
      ELSE make_array(first_value(log ORDER BY records DESC, log <> calling, record_role, log))
    END AS counted_logs,
    array_agg(log) AS logs
  FROM logs
  GROUP BY any_key, is_destination, event_date, any_event_name, outcome, calling
)

SELECT
  event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region, record_role,
  use_label, count, first_time, last_time, hours_mask, key_arn, kind, caller_account, is_other_key
FROM counts_by_call
WHERE NOT EXISTS (SELECT 1 FROM copied_keys WHERE copied_keys.any_key = counts_by_call.any_key)
  AND is_of_asked_caller(caller) AND is_of_asked_account(log, caller)
UNION ALL
SELECT
  counts_of_copied_keys.event_date, counts_of_copied_keys.key, counts_of_copied_keys.key_role, counts_of_copied_keys.caller, counts_of_copied_keys.event_name,
  counts_of_copied_keys.outcome, counts_of_copied_keys.invoked_by, counts_of_copied_keys.recipient_account_id, counts_of_copied_keys.region, counts_of_copied_keys.record_role,
  counts_of_copied_keys.use_label, counts_of_copied_keys.count, counts_of_copied_keys.first_time, counts_of_copied_keys.last_time, counts_of_copied_keys.hours_mask,
  counts_of_copied_keys.key_arn, counts_of_copied_keys.kind, counts_of_copied_keys.caller_account, counts_of_copied_keys.is_other_key
FROM counts_of_copied_keys
LEFT JOIN counted_logs_of_days
  ON counted_logs_of_days.any_key = counts_of_copied_keys.any_key
  AND counted_logs_of_days.is_destination = counts_of_copied_keys.is_destination
  AND counted_logs_of_days.event_date = counts_of_copied_keys.event_date
  AND counted_logs_of_days.any_event_name = counts_of_copied_keys.any_event_name
  AND counted_logs_of_days.outcome = counts_of_copied_keys.outcome
  AND counted_logs_of_days.calling = counts_of_copied_keys.calling
WHERE coalesce(array_has(counted_logs_of_days.counted_logs, counts_of_copied_keys.log), true)
  AND is_of_asked_caller(counts_of_copied_keys.caller)
  AND (is_of_asked_account(counts_of_copied_keys.log, counts_of_copied_keys.caller) OR coalesce(array_has(counted_logs_of_days.logs, $account), false))
