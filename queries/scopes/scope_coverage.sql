-- id: scope_coverage
-- title: Hours for a report on coverage
-- description: One row per account, region and hour of the window, including hours that coverage does not have: those
--   are gaps, unless the account was not a member then or the region not enabled. Without --since the window begins
--   with the first whole hour after the first deliveries of the trails, which need not come in the same minute
--   everywhere.
-- depends: coverage, coverage_absences, coverage_states, coverage_settings, coverage_streams, delivery_ranges

WITH log_bounds AS (
  SELECT
    max(CASE WHEN from_time <= first_time + delivery_gap THEN from_time END) AS first_time,
    max(to_time) AS last_time
  FROM (
    SELECT from_time, to_time, min(from_time) OVER () AS first_time
    FROM delivery_ranges
    WHERE mark = 'stored'
  ) AS streams
  CROSS JOIN coverage_settings
),

window_hours AS (
  SELECT
    hour_of(coalesce($since, first_time + INTERVAL '1 hour' - INTERVAL '1 microsecond')) AS first_hour,
    hour_from(coalesce($until, last_time)) AS end_hour
  FROM log_bounds
),

asked_regions AS (
  SELECT account, region, joined_at, left_at, disabled_at
  FROM coverage_absences
  WHERE is_asked_region(account, region)
),

hours AS (
  SELECT
    account, region, joined_at, left_at, disabled_at,
    hour_start(unnest(range(first_hour, end_hour))) AS hour
  FROM asked_regions
  CROSS JOIN window_hours
),

-- Of hours that coverage does not have, these two states are known.
judged_hours AS (
  SELECT
    hours.account, hours.region, hours.hour, coverage.state, coverage.reasons, coverage.trail_arn,
    CASE
      WHEN coverage.state IS NOT NULL THEN NULL
      WHEN left_at <= hours.hour OR joined_at >= hours.hour + INTERVAL '1 hour' THEN 'account_not_in_organization'
      WHEN disabled_at <= hours.hour THEN 'region_not_enabled'
      ELSE 'gap'
    END AS otherwise
  FROM hours
  LEFT JOIN coverage ON coverage.account = hours.account AND coverage.region = hours.region AND coverage.hour = hours.hour
)

SELECT
  account,
  region,
  hour,
  states.state,
  states.rank,
  coalesce(reasons, otherwise) AS reasons,
  trail_arn,
  states.is_complete,
  states.is_hole
FROM judged_hours
JOIN coverage_states AS states ON states.state = coalesce(judged_hours.state, otherwise)
