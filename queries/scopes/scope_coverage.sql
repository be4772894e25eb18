-- id: scope_coverage
-- title: The hours that a report on coverage is about
-- description: One row per account, region and hour of the window, also where coverage has none: that is a gap.
--   Without --since the window begins with the first whole hour held.
-- depends: coverage, coverage_streams, delivery_ranges

WITH bounds AS (
  SELECT
    CAST(coalesce($since, min(from_time) + INTERVAL '1 hour' - INTERVAL '1 microsecond') AS BIGINT) / 3600000000 AS first_hour,
    (CAST(coalesce($until, max(to_time)) AS BIGINT) + 3599999999) / 3600000000 AS end_hour
  FROM delivery_ranges
  WHERE flag = 0
),

pairs AS (
  SELECT DISTINCT account, region
  FROM coverage_streams
  WHERE ($account IS NULL OR account = $account) AND ($region IS NULL OR region = $region)
    AND (cardinality($key_accounts) = 0 OR array_has($key_accounts, account))
),

hours AS (
  SELECT
    account, region,
    arrow_cast(unnest(range(first_hour, end_hour)) * 3600000000, 'Timestamp(Microsecond, Some("UTC"))') AS hour
  FROM pairs
  CROSS JOIN bounds
)

SELECT
  hours.account,
  hours.region,
  hours.hour,
  coalesce(coverage.state, 'gap') AS state,
  coalesce(coverage.rank, 8) AS rank,
  coalesce(coverage.reasons, CASE WHEN coverage.state IS NULL THEN 'gap' END) AS reasons,
  coverage.trail_arn,
  coalesce(coverage.is_complete, false) AS is_complete,
  coalesce(coverage.is_hole, true) AS is_hole
FROM hours
LEFT JOIN coverage ON coverage.account = hours.account AND coverage.region = hours.region AND coverage.hour = hours.hour
