-- id: coverage
-- title: Which hours the logs show, and how surely
-- description: One row per account, region and hour of EVENT time from the first delivery held to the last; an
--   hour, account or region without a row is a gap. An hour is as its best trail shows it: complete if one
--   trail that logs KMS read events covers it. state, rank and reasons are those of that trail, as in coverage_by_trail;
--   is_complete marks complete_unverified and complete_verified, is_hole every state that is neither
--   of them and is not account_not_in_organization or region_not_enabled.
-- depends: coverage_by_trail, coverage_states

WITH best_trails AS (
  SELECT
    account, region, hour,
    max(rank) AS rank,
    first_value(reasons ORDER BY rank DESC, trail, organization) AS reasons,
    first_value(trail_arn ORDER BY rank DESC, trail, organization) AS trail_arn
  FROM coverage_by_trail
  GROUP BY account, region, hour
)

SELECT account, region, hour, state, best_trails.rank, reasons, trail_arn, is_complete, is_hole
FROM best_trails
JOIN coverage_states ON coverage_states.rank = best_trails.rank
