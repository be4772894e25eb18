-- id: operations
-- title: KMS operations called
-- description: KMS operations with their successes and failures. An operation on two keys has a row for each side:
--   ReEncrypt (source) and ReEncrypt (destination) are the same calls. Based on daily counts, so it works after events
--   are deleted; a cross-account call counts once per day, key and operation as far as the logs of both accounts agree.
--   Dry runs are left out.
-- column operation: name of the operation, with the side of the key for operations on two keys
-- column kind: `use` for a cryptographic operation, `management` for any other, `unknown` for an operation that this
--   version of keytrail does not know, which may be a use
-- column successes: number of successful calls
-- column failures: failed calls by outcome, with their counts; null if there are none
-- column callers: number of callers
-- column keys: number of known keys
-- column label: `cloudtrail_delivery` for CloudTrail encrypting its own logs, `self` for keytrail's own calls, else
--   null
-- column calls_per_day: calls per day (UTC), successful and failed, over the same days in all rows: from the first to
--   the last with a call
-- series: calls_per_day
-- caveat:
--   SELECT unnest(make_array(
--     CASE WHEN dry_runs > 0 THEN 'records of dry runs, which are not counted: ' || dry_runs END,
--     CASE WHEN unknown > 0 THEN 'records of uses that tell no known key, counted but under no key: ' || unknown END,
--     CASE WHEN corrections > 0
--       THEN 'records that correct earlier ones and whose events are no longer held, so that calls are counted as they '
--         || 'were first told, if they were: ' || corrections END
--   ))
--   FROM (
--     SELECT
--       sum(count) FILTER (WHERE outcome = 'dry_run' AND kind = 'use') AS dry_runs,
--       sum(count) FILTER (WHERE outcome = 'success' AND kind = 'use' AND key_arn IS NULL AND record_role <> 'network') AS unknown,
--       sum(count) FILTER (WHERE doubt = 'correction') AS corrections
--     FROM scope_usage
--   )
-- caveat:
--   SELECT text FROM scope_unknown_operations

-- Days, callers and keys are counted in one reading; each of the three is few.
WITH counted AS (
  SELECT
    event_name, key_role, kind, use_label, event_date, outcome, caller, key_arn,
    grouping(caller) AS is_no_caller, grouping(key_arn) AS is_no_key,
    coalesce(sum(count) FILTER (WHERE NOT is_other_key), 0) AS calls
  FROM scope_counts
  WHERE outcome <> 'dry_run'
  GROUP BY GROUPING SETS (
    (event_name, key_role, kind, use_label, event_date, outcome),
    (event_name, key_role, kind, use_label, caller),
    (event_name, key_role, kind, use_label, key_arn)
  )
),

named AS (
  SELECT
    coalesce(event_name, 'unknown')
      || CASE key_role WHEN 'destination' THEN ' (destination)' WHEN 'only' THEN '' WHEN 'none' THEN '' ELSE ' (source)' END AS operation,
    kind, use_label, event_date, outcome, caller, key_arn, calls, is_no_caller, is_no_key
  FROM counted
),

-- One row a day, and one without a day for callers and keys.
days AS (
  SELECT
    operation, kind, use_label, event_date,
    sum(calls) AS calls,
    coalesce(sum(calls) FILTER (WHERE outcome = 'success'), 0) AS successes,
    sum(calls) FILTER (WHERE outcome = 'throttled') AS throttled,
    sum(calls) FILTER (WHERE outcome = 'denied') AS denied,
    sum(calls) FILTER (WHERE outcome = 'unusable_key') AS unusable_key,
    sum(calls) FILTER (WHERE outcome = 'invalid_request') AS invalid_request,
    sum(calls) FILTER (WHERE outcome = 'not_found') AS not_found,
    sum(calls) FILTER (WHERE outcome = 'error') AS error,
    count(DISTINCT caller) FILTER (WHERE is_no_caller = 0) AS callers,
    count(DISTINCT key_arn) FILTER (WHERE is_no_key = 0) AS keys
  FROM named
  GROUP BY operation, kind, use_label, event_date
),

-- Each day with the days without a call before it, so that all lists begin on one day.
filled AS (
  SELECT
    *,
    max(event_date) OVER () AS last_day,
    array_append(
      array_repeat(
        CAST(0 AS BIGINT),
        CAST(event_date AS INT)
          - coalesce(
            CAST(lag(event_date) OVER (PARTITION BY operation, kind, use_label ORDER BY event_date NULLS FIRST) AS INT),
            CAST(min(event_date) OVER () AS INT) - 1
          ) - 1
      ),
      calls
    ) AS calls_of_days
  FROM days
)

SELECT
  operation,
  kind,
  sum(successes) AS successes,
  nullif(concat_ws(
    ', ',
    'throttled ' || sum(throttled),
    'denied ' || sum(denied),
    'unusable_key ' || sum(unusable_key),
    'invalid_request ' || sum(invalid_request),
    'not_found ' || sum(not_found),
    'error ' || sum(error)
  ), '') AS failures,
  max(callers) AS callers,
  max(keys) AS keys,
  nullif(use_label, 'none') AS label,
  array_concat(
    flatten(array_agg(calls_of_days ORDER BY event_date) FILTER (WHERE event_date IS NOT NULL)),
    array_repeat(CAST(0 AS BIGINT), CAST(max(last_day) AS INT) - CAST(max(event_date) AS INT))
  ) AS calls_per_day
FROM filled
GROUP BY operation, kind, use_label
ORDER BY label NULLS FIRST, kind DESC, successes DESC, operation
