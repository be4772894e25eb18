-- id: operations
-- title: Which operations were called
-- description: KMS operations with how often they succeeded and failed, why they failed, by how many callers, on
--   how many keys. kind use is a cryptographic operation, management everything else. An operation on two
--   keys is told for each side: ReEncrypt (source) and ReEncrypt (destination) are the same calls. Dry runs are
--   left out. Read from the daily roll-up, so it still answers when the events have been removed; a
--   cross-account call counts once a day, key and operation as far as both logs agree (scope_counts).
--   label is cloudtrail_delivery for CloudTrail writing its own logs and self for keytrail's own calls. keys counts
--   known keys. calls_per_day are successes and failures, over all days from the
--   first to the last on which anything in the answer was called.
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

-- One row a day; the callers and keys of all days are put together at the end.
WITH days AS (
  SELECT
    coalesce(event_name, 'unknown')
      || CASE key_role WHEN 'destination' THEN ' (destination)' WHEN 'only' THEN '' WHEN 'none' THEN '' ELSE ' (source)' END AS operation,
    kind, nullif(use_label, 'none') AS label, event_date,
    coalesce(sum(count) FILTER (WHERE NOT is_other_key), 0) AS calls,
    coalesce(sum(count) FILTER (WHERE outcome = 'success' AND NOT is_other_key), 0) AS successes,
    sum(count) FILTER (WHERE outcome = 'throttled' AND NOT is_other_key) AS throttled,
    sum(count) FILTER (WHERE outcome = 'denied' AND NOT is_other_key) AS denied,
    sum(count) FILTER (WHERE outcome = 'unusable_key' AND NOT is_other_key) AS unusable_key,
    sum(count) FILTER (WHERE outcome = 'invalid_request' AND NOT is_other_key) AS invalid_request,
    sum(count) FILTER (WHERE outcome = 'not_found' AND NOT is_other_key) AS not_found,
    sum(count) FILTER (WHERE outcome = 'error' AND NOT is_other_key) AS error,
    array_agg(DISTINCT caller) AS callers,
    array_agg(DISTINCT key_arn) FILTER (WHERE key_arn IS NOT NULL) AS keys
  FROM scope_counts
  WHERE outcome <> 'dry_run'
  GROUP BY 1, 2, 3, 4
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
            CAST(lag(event_date) OVER (PARTITION BY operation, kind, label ORDER BY event_date) AS INT),
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
  cardinality(array_distinct(flatten(array_agg(callers)))) AS callers,
  coalesce(cardinality(array_distinct(flatten(array_agg(keys) FILTER (WHERE keys IS NOT NULL)))), 0) AS keys,
  label,
  array_concat(
    flatten(array_agg(calls_of_days ORDER BY event_date)),
    array_repeat(CAST(0 AS BIGINT), CAST(max(last_day) AS INT) - CAST(max(event_date) AS INT))
  ) AS calls_per_day
FROM filled
GROUP BY operation, kind, label
ORDER BY label NULLS FIRST, kind DESC, successes DESC, operation
