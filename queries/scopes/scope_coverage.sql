-- id: scope_coverage
-- title: Hours for a report on coverage
-- description: One row per account, region and hour of the window, including hours that coverage does not have: those
--   are gaps, unless the account was not a member then or the region not enabled. Without --since the window begins
--   with the first whole hour after the first deliveries of the trails, which need not come in the same minute
--   everywhere.
-- depends: coverage, coverage_absences, coverage_settings, coverage_streams, delivery_ranges

WITH held AS (
  SELECT
    max(CASE WHEN from_time <= first_time + delivery_gap THEN from_time END) AS first_time,
    max(to_time) AS last_time
  FROM (
    SELECT from_time, to_time, min(from_time) OVER () AS first_time
    FROM delivery_ranges
    WHERE flag = 0
  ) AS streams
  CROSS JOIN coverage_settings
),

bounds AS (
  SELECT
    CAST(coalesce($since, first_time + INTERVAL '1 hour' - INTERVAL '1 microsecond') AS BIGINT) / 3600000000 AS first_hour,
    (CAST(coalesce($until, last_time) AS BIGINT) + 3599999999) / 3600000000 AS end_hour
  FROM held
),

pairs AS (
  SELECT account, region, joined_at, left_at, disabled_at
  FROM coverage_absences
  WHERE ($account IS NULL OR account = $account) AND ($region IS NULL OR region = $region)
    AND (cardinality($key_accounts) = 0 OR array_has($key_accounts, account))
),

hours AS (
  SELECT
    account, region, joined_at, left_at, disabled_at,
    arrow_cast(unnest(range(first_hour, end_hour)) * 3600000000, 'Timestamp(Microsecond, Some("UTC"))') AS hour
  FROM pairs
  CROSS JOIN bounds
),

-- Of hours that coverage does not have, these two are known.
judged AS (
  SELECT
    hours.account, hours.region, hours.hour, coverage.state, coverage.rank, coverage.reasons, coverage.trail_arn,
    coverage.is_complete, coverage.is_hole,
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
  coalesce(state, otherwise) AS state,
  coalesce(rank, CASE otherwise WHEN 'account_not_in_organization' THEN 1 WHEN 'region_not_enabled' THEN 2 ELSE 8 END) AS rank,
  coalesce(reasons, otherwise) AS reasons,
  trail_arn,
  coalesce(is_complete, false) AS is_complete,
  coalesce(is_hole, otherwise = 'gap') AS is_hole
FROM judged
