-- id: coverage
-- title: Log coverage by hour
-- description: One row per account, region and hour of event time, from the first delivery in the store to the last; an
--   hour, account or region without a row is a gap. Where several trails deliver, the row is that of the trail that
--   covers the hour best, so an hour is complete if one trail that logs KMS read events covers it. docs/coverage.md
--   explains the states.
-- column account: account ID
-- column region: region
-- column hour: start of the hour (event time)
-- column state: state of the hour for that trail: `complete_verified`, `complete_unverified`, `selectors_unknown`,
--   `partial`, `gap`, `archived`, `write_only`, `kms_excluded`, `logging_stopped`, `expired`, `region_not_enabled` or
--   `account_not_in_organization`
-- column rank: number of the state, from 12 (`complete_verified`) down to 1, in the order above
-- column reasons: all states that apply for that trail, comma-separated, with what makes the hour partial or
--   unverified; null if nothing speaks against it
-- column trail_arn: ARN of that trail; null if it is not known
-- column is_complete: whether the state is `complete_verified` or `complete_unverified`
-- column is_hole: whether KMS events of the hour may be missing: true unless the hour is complete, the account was not
--   in the organization or the region was not enabled
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
