-- id: rhythm
-- title: At which hours of which weekdays keys are used
-- description: One row for each weekday (UTC), with the successful cryptographic operations in each of
--   its 24 hours: uses_per_hour[1] is the hour from 00:00. An operation counts once for each key it is
--   about, a cross-account call once, a corrected record through its correction; dry runs are left out. days
--   is how many days of that weekday have a use. busiest is the hour with most uses, the
--   earliest of equals. label is cloudtrail_delivery for
--   CloudTrail writing its own logs and self for keytrail's own calls: they keep a rhythm of their own and stand
--   apart. Read from the events: the
--   roll-up keeps no count per hour.
-- series: uses_per_hour
-- caveat:
--   SELECT text FROM scope_unknown_operations

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
