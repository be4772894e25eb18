-- id: operations
-- title: Which operations were called
-- description: KMS operations with how often they succeeded and failed, why they failed, by how many callers, on
--   how many keys. kind use is a cryptographic operation, management any other, unknown one that this version
--   of keytrail does not know, which may be a use. An operation on two
--   keys is told for each side: ReEncrypt (source) and ReEncrypt (destination) are the same calls. Dry runs are
--   left out. Read from the daily roll-up, so it still answers when the events have been removed; a
--   cross-account call counts once a day, key and operation as far as both logs agree (scope_counts).
--   label is cloudtrail_delivery for CloudTrail writing its own logs and self for keytrail's own calls. keys counts
--   known keys. calls_per_day are successes and failures, over all days from the
--   first to the last on which anything in the answer was called.
-- series: calls_per_day
-- caveat:
--   SELECT text FROM scope_uncounted ORDER BY place
-- caveat:
--   SELECT text FROM scope_unknown_operations

-- Days, callers and keys are counted in one reading; each of the three is few.
WITH counts_by_part AS (
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
  nullif(use_label, 'none') AS label,
  day_series(event_date, calls, first_day, last_day) AS calls_per_day
FROM counts_by_operation
GROUP BY operation, kind, use_label
ORDER BY label NULLS FIRST, kind DESC, successes DESC, operation
