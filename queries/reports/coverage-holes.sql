-- id: coverage-holes
-- title: Gaps in log coverage
-- description: One row per period in which KMS events of an account and region may be missing, with the state that says
--   why (docs/coverage.md). Hours in which the account was not in the organization, or the region was not enabled, are
--   not listed.
-- param require: text = complete. What is no hole: complete or complete-verified.
-- column account: account ID
-- column region: region
-- column from_hour: start of the period
-- column to_hour: end of the period, exclusive
-- column hours: length of the period in hours
-- column state: state of its hours, such as `gap`, `partial` or `kms_excluded`

WITH holes AS (
  SELECT
    account, region, hour, state,
    hour_of(hour) - row_number() OVER (PARTITION BY account, region, state ORDER BY hour) AS stretch
  FROM scope_coverage
  WHERE is_hole OR ($require <> 'complete' AND state = 'complete_unverified')
)

SELECT
  account,
  region,
  min(hour) AS from_hour,
  max(hour) + INTERVAL '1 hour' AS to_hour,
  count(*) AS hours,
  state
FROM holes
GROUP BY account, region, state, stretch
ORDER BY account, region, from_hour, state
