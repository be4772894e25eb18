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
--   SELECT code, count, text FROM scope_uncounted
-- caveat:
--   SELECT code, count, text FROM scope_unknown_operations

-- Days, callers and keys are counted in one reading; each of the three is few.
WITH counts_by_part AS (
  SELECT
    event_name, key_role, kind, use_label, event_date, outcome, caller, key_arn,
    grouping(caller) AS is_no_caller, grouping(key_arn) AS is_no_key,
    coalesce(sum(count) FILTER (WHERE is_repeated IS NOT TRUE), 0) AS calls
  FROM scope_counts
  WHERE outcome <> 'dry_run'
  GROUP BY GROUPING SETS (
    (event_name, key_role, kind, use_label, event_date, outcome),
    (event_name, key_role, kind, use_label, caller),
    (event_name, key_role, kind, use_label, key_arn)
  )
),

counts_by_operation AS (
  SELECT
    coalesce(event_name, 'unknown')
      || CASE key_role WHEN 'destination' THEN ' (destination)' WHEN 'only' THEN '' WHEN 'none' THEN '' ELSE ' (source)' END AS operation,
    kind, use_label, event_date, outcome, caller, key_arn, calls, is_no_caller, is_no_key,
    min(event_date) OVER () AS first_day, max(event_date) OVER () AS last_day
  FROM counts_by_part
)

SELECT
  operation,
  kind,
  coalesce(sum(calls) FILTER (WHERE outcome = 'success'), 0) AS successes,
  nullif(concat_ws(
    ', ',
    'throttled ' || sum(calls) FILTER (WHERE outcome = 'throttled'),
    'denied ' || sum(calls) FILTER (WHERE outcome = 'denied'),
    'unusable_key ' || sum(calls) FILTER (WHERE outcome = 'unusable_key'),
    'invalid_request ' || sum(calls) FILTER (WHERE outcome = 'invalid_request'),
    'not_found ' || sum(calls) FILTER (WHERE outcome = 'not_found'),
    'error ' || sum(calls) FILTER (WHERE outcome = 'error')
  ), '') AS failures,
  count(DISTINCT caller) FILTER (WHERE is_no_caller = 0) AS callers,
  count(DISTINCT key_arn) FILTER (WHERE is_no_key = 0) AS keys,
  use_label AS label,
  day_series(event_date, calls, first_day, last_day) AS calls_per_day
FROM counts_by_operation
GROUP BY operation, kind, use_label
ORDER BY label NULLS FIRST, kind DESC, successes DESC, operation
