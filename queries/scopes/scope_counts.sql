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

WITH marked AS (
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

named AS (
  SELECT
    *,
    coalesce(caller_account(caller), CASE WHEN record_role = 'caller_copy' THEN recipient_account_id END) AS caller_account
  FROM marked
),

-- What the records of several accounts have in common, in columns that are never null.
shared AS (
  SELECT
    *,
    coalesce(key_arn, key, '') AS any_key,
    key_role = 'destination' AS is_destination,
    coalesce(event_name, '') AS any_event_name,
    coalesce(recipient_account_id, '') AS log,
    CASE WHEN caller LIKE 'service:%' THEN caller ELSE coalesce(caller_account, '') END AS calling
  FROM named
),

-- Only of few keys a caller's log holds copies, so that there is something to compare.
told_twice AS (
  SELECT *
  FROM shared
  WHERE any_key IN (SELECT any_key FROM copied_keys)
),

copied AS (
  SELECT DISTINCT any_key, is_destination, event_date, any_event_name, outcome, calling
  FROM told_twice
  WHERE record_role = 'caller_copy'
),

logs AS (
  SELECT
    told_twice.any_key, told_twice.is_destination, told_twice.event_date, told_twice.any_event_name, told_twice.outcome,
    told_twice.calling, told_twice.log, min(told_twice.record_role) AS record_role, sum(told_twice.count) AS records,
    CAST(bit_or(told_twice.hours_mask) AS BIGINT) AS hours_mask
  FROM copied
  JOIN told_twice
    ON told_twice.any_key = copied.any_key
    AND told_twice.is_destination = copied.is_destination
    AND told_twice.event_date = copied.event_date
    AND told_twice.any_event_name = copied.any_event_name
    AND told_twice.outcome = copied.outcome
    AND told_twice.calling = copied.calling
  GROUP BY
    told_twice.any_key, told_twice.is_destination, told_twice.event_date, told_twice.any_event_name, told_twice.outcome,
    told_twice.calling, told_twice.log
),

compared AS (
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
FROM shared
WHERE NOT EXISTS (SELECT 1 FROM copied_keys WHERE copied_keys.any_key = shared.any_key)
  AND ($caller IS NULL OR caller IS NOT DISTINCT FROM $caller)
  AND ($account IS NULL OR cardinality($key_arns) > 0 OR log = $account OR caller_account(caller) = $account)
UNION ALL
SELECT
  told_twice.event_date, told_twice.key, told_twice.key_role, told_twice.caller, told_twice.event_name,
  told_twice.outcome, told_twice.invoked_by, told_twice.recipient_account_id, told_twice.region, told_twice.record_role,
  told_twice.use_label, told_twice.count, told_twice.first_time, told_twice.last_time, told_twice.hours_mask,
  told_twice.key_arn, told_twice.kind, told_twice.caller_account, told_twice.is_other_key
FROM told_twice
LEFT JOIN compared
  ON compared.any_key = told_twice.any_key
  AND compared.is_destination = told_twice.is_destination
  AND compared.event_date = told_twice.event_date
  AND compared.any_event_name = told_twice.any_event_name
  AND compared.outcome = told_twice.outcome
  AND compared.calling = told_twice.calling
WHERE coalesce(array_has(compared.counted_logs, told_twice.log), true)
  AND ($caller IS NULL OR told_twice.caller IS NOT DISTINCT FROM $caller)
  AND (
    $account IS NULL OR cardinality($key_arns) > 0 OR told_twice.log = $account
    OR caller_account(told_twice.caller) = $account OR coalesce(array_has(compared.logs, $account), false)
  )
