-- id: coverage-holes
-- title: Where the logs do not show what happened
-- description: One row per stretch of hours of one account and region in which KMS events may be missing, with the
--   state that says why (docs/coverage.md). require is what counts as no hole: complete, or complete-verified, for which
--   the digests must prove it. Hours of an account that was not in the organization, or of a region that was not enabled, are none.
-- param require: text = complete. What is no hole: complete or complete-verified.

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
