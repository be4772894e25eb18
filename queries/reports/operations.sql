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
--   SELECT 'dry runs, which are not counted: ' || sum(count)
--   FROM scope_counts
--   WHERE outcome = 'dry_run' AND NOT is_other_key
--   HAVING sum(count) > 0
-- caveat:
--   SELECT 'calls that should name a key and tell no known one: ' || sum(count)
--   FROM scope_counts
--   WHERE key_arn IS NULL AND kind = 'use' AND outcome <> 'dry_run'
--   HAVING sum(count) > 0
-- caveat:
--   SELECT 'records that correct earlier ones, whose calls are counted as they were first told: ' || sum(count)
--   FROM scope_usage
--   WHERE is_correction
--   HAVING sum(count) > 0

WITH counts AS (
  SELECT
    coalesce(event_name, 'unknown')
      || CASE WHEN key_role IN ('source', 'destination') THEN ' (' || key_role || ')' ELSE '' END AS operation,
    kind, nullif(use_label, 'none') AS label, event_date, outcome, caller, key_arn, count, is_other_key
  FROM scope_counts
  WHERE outcome <> 'dry_run'
),

reasons AS (
  SELECT operation, kind, label, string_agg(outcome || ' ' || events, ', ' ORDER BY events DESC, outcome) AS failures
  FROM (
    SELECT operation, kind, label, outcome, sum(count) AS events
    FROM counts
    WHERE outcome <> 'success' AND NOT is_other_key
    GROUP BY operation, kind, label, outcome
  )
  GROUP BY operation, kind, label
),

operations AS (
  SELECT
    operation, kind, label,
    coalesce(sum(count) FILTER (WHERE outcome = 'success' AND NOT is_other_key), 0) AS successes,
    count(DISTINCT caller) AS callers,
    count(DISTINCT key_arn) AS keys
  FROM counts
  GROUP BY operation, kind, label
),

days AS (
  SELECT operation, kind, label, event_date, sum(count) AS calls
  FROM counts
  WHERE NOT is_other_key
  GROUP BY operation, kind, label, event_date
),

bounds AS (
  SELECT min(event_date) AS first_day, max(event_date) AS last_day
  FROM counts
),

-- Each day with the days without a call before it, so that all lists begin on one day.
filled AS (
  SELECT
    days.operation, days.kind, days.label, days.event_date, bounds.last_day,
    array_append(
      array_repeat(
        CAST(0 AS BIGINT),
        CAST(days.event_date AS INT)
          - coalesce(
            CAST(lag(days.event_date) OVER (PARTITION BY days.operation, days.kind, days.label ORDER BY days.event_date) AS INT),
            CAST(bounds.first_day AS INT) - 1
          ) - 1
      ),
      CAST(days.calls AS BIGINT)
    ) AS calls
  FROM days
  CROSS JOIN bounds
),

series AS (
  SELECT
    operation, kind, label,
    array_concat(
      flatten(array_agg(calls ORDER BY event_date)),
      array_repeat(CAST(0 AS BIGINT), CAST(max(last_day) AS INT) - CAST(max(event_date) AS INT))
    ) AS calls_per_day
  FROM filled
  GROUP BY operation, kind, label
)

SELECT
  operations.operation,
  operations.kind,
  operations.successes,
  reasons.failures,
  operations.callers,
  operations.keys,
  operations.label,
  series.calls_per_day
FROM operations
LEFT JOIN reasons
  ON reasons.operation = operations.operation AND reasons.kind = operations.kind
  AND (reasons.label IS NOT DISTINCT FROM operations.label)
LEFT JOIN series
  ON series.operation = operations.operation AND series.kind = operations.kind
  AND (series.label IS NOT DISTINCT FROM operations.label)
ORDER BY operations.label NULLS FIRST, operations.kind DESC, operations.successes DESC, operations.operation
