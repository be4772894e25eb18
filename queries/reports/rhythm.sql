-- id: rhythm
-- title: Key use by weekday and hour
-- description: One row per weekday (UTC) with the successful cryptographic operations in each hour. An operation counts
--   once for each key, also if it is cross-account; a correction replaces the record that it corrects; dry runs are
--   left out. Based on events, because the counts keep no hours.
-- column weekday: day of the week
-- column uses_per_hour: uses in each of the 24 hours (UTC), from 00:00
-- column uses: number of uses
-- column days: number of days with a use
-- column busiest: hour with the most uses (0 to 23), the earliest of several; null without a use
-- column label: `cloudtrail_delivery` for CloudTrail encrypting its own logs, `self` for keytrail's own calls, else
--   null; these have rows of their own, because they follow a rhythm of their own
-- series: uses_per_hour
-- caveat:
--   SELECT code, count, text FROM scope_unknown_operations

-- One row for each hour that has a use, of which there are few.
WITH uses AS (
  SELECT
    use_label AS label,
    event_date,
    CAST(date_part('dow', min(event_time)) AS BIGINT) AS day_number,
    CAST(date_part('hour', min(event_time)) AS BIGINT) AS hour,
    count(*) AS uses
  FROM scope_uses
  WHERE kind = 'use' AND outcome = 'success' AND NOT is_dry_run
  GROUP BY use_label, event_date, hour_of(event_time)
  UNION ALL
  -- Every weekday is told, also one without a use.
  SELECT NULL AS label, NULL AS event_date, day_number, NULL AS hour, 0 AS uses
  FROM (VALUES (0), (1), (2), (3), (4), (5), (6)) AS numbers (day_number)
),

weekdays AS (
  SELECT
    label, day_number,
    count_series(hour, uses, 0, 23) AS uses_per_hour,
    sum(uses) AS uses,
    count(DISTINCT event_date) AS days
  FROM uses
  GROUP BY label, day_number
)

SELECT
  CASE day_number
    WHEN 1 THEN 'Monday'
    WHEN 2 THEN 'Tuesday'
    WHEN 3 THEN 'Wednesday'
    WHEN 4 THEN 'Thursday'
    WHEN 5 THEN 'Friday'
    WHEN 6 THEN 'Saturday'
    ELSE 'Sunday'
  END AS weekday,
  uses_per_hour,
  uses,
  days,
  CASE WHEN uses > 0 THEN CAST(array_position(uses_per_hour, array_max(uses_per_hour)) AS BIGINT) - 1 END AS busiest,
  label
FROM weekdays
ORDER BY label NULLS FIRST, (day_number + 6) % 7
