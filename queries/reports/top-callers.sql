-- id: top-callers
-- title: Who used keys most
-- description: Callers by their uses of keys: successful cryptographic operations, once for each key they are
--   about, so a ReEncrypt counts twice. failed counts those that failed. Callers
--   without either are left out, and so are dry runs and everything else (DescribeKey, CreateGrant, ListKeys,
--   GenerateRandom, …). keys counts the known keys of the uses, last_time is the last use. Read from the daily roll-up, so it still answers when the events have been
--   removed; a cross-account call counts once a day, key and operation as far as both logs agree, under the
--   caller's name where the caller's log is held (scope_counts). label is cloudtrail_delivery for
--   CloudTrail writing its own logs and self for keytrail's own calls: they stand last, because they are no
--   one's work with the keys. uses_per_day runs over all days from the first to the last on which anybody in the answer called.
-- series: uses_per_day
-- caveat:
--   SELECT 'dry runs, which are not counted: ' || sum(count)
--   FROM scope_counts
--   WHERE kind = 'use' AND outcome = 'dry_run' AND NOT is_other_key
--   HAVING sum(count) > 0
-- caveat:
--   SELECT 'uses that tell no known key, which are counted for their callers but not under keys: ' || sum(count)
--   FROM scope_counts
--   WHERE key_arn IS NULL AND kind = 'use' AND outcome = 'success'
--   HAVING sum(count) > 0
-- caveat:
--   SELECT 'records that correct earlier ones, whose calls are counted as they were first told: ' || sum(count)
--   FROM scope_usage
--   WHERE is_correction
--   HAVING sum(count) > 0

WITH counts AS (
  SELECT caller, nullif(use_label, 'none') AS label, event_date, outcome, key_arn, count, last_time, is_other_key
  FROM scope_counts
  WHERE kind = 'use' AND outcome <> 'dry_run'
),

callers AS (
  SELECT
    caller, label,
    coalesce(sum(count) FILTER (WHERE outcome = 'success' AND NOT is_other_key), 0) AS uses,
    coalesce(sum(count) FILTER (WHERE outcome <> 'success' AND NOT is_other_key), 0) AS failed,
    count(DISTINCT key_arn) FILTER (WHERE outcome = 'success') AS keys,
    max(last_time) FILTER (WHERE outcome = 'success') AS last_time
  FROM counts
  GROUP BY caller, label
),

days AS (
  SELECT caller, label, event_date, sum(count) AS uses
  FROM counts
  WHERE outcome = 'success' AND NOT is_other_key
  GROUP BY caller, label, event_date
),

bounds AS (
  SELECT min(event_date) AS first_day, max(event_date) AS last_day
  FROM counts
),

-- Each day with the days without a use before it, so that the lists of all callers begin on one day.
filled AS (
  SELECT
    days.caller, days.label, days.event_date, bounds.last_day,
    array_append(
      array_repeat(
        CAST(0 AS BIGINT),
        CAST(days.event_date AS INT)
          - coalesce(
            CAST(lag(days.event_date) OVER (PARTITION BY days.caller, days.label ORDER BY days.event_date) AS INT),
            CAST(bounds.first_day AS INT) - 1
          ) - 1
      ),
      CAST(days.uses AS BIGINT)
    ) AS uses
  FROM days
  CROSS JOIN bounds
),

series AS (
  SELECT
    caller, label,
    array_concat(
      flatten(array_agg(uses ORDER BY event_date)),
      array_repeat(CAST(0 AS BIGINT), CAST(max(last_day) AS INT) - CAST(max(event_date) AS INT))
    ) AS uses_per_day
  FROM filled
  GROUP BY caller, label
)

SELECT
  callers.caller,
  callers.uses,
  callers.failed,
  callers.keys,
  callers.last_time,
  callers.label,
  series.uses_per_day
FROM callers
LEFT JOIN series ON series.caller = callers.caller AND (series.label IS NOT DISTINCT FROM callers.label)
ORDER BY callers.label NULLS FIRST, callers.uses DESC, callers.failed DESC, callers.caller
