-- id: known_trails
-- title: Trails
-- description: One row per trail with a description (`keytrail trails`) or a change in the logs.
-- column trail_arn: ARN of the trail
-- column account: account that owns the trail
-- column home_region: home region of the trail
-- column name: name of the trail
-- column is_organization: whether the trail covers the organization, by its newest description; null if not known
-- column is_multi_region: whether the trail covers all enabled regions, by its newest description; null if not known
-- depends: trail_changes
-- kept: coverage asks it many times, and they are few

SELECT
  trail_arn,
  arn_part(trail_arn, 5) AS account,
  arn_part(trail_arn, 4) AS home_region,
  substr(arn_part(trail_arn, 6), 7) AS name,
  first_value(is_organization ORDER BY taken_at DESC) FILTER (WHERE is_organization IS NOT NULL) AS is_organization,
  first_value(is_multi_region ORDER BY taken_at DESC) FILTER (WHERE is_multi_region IS NOT NULL) AS is_multi_region
FROM (
  SELECT trail_arn, taken_at, is_organization, is_multi_region
  FROM trails
  UNION ALL
  SELECT trail_arn, NULL AS taken_at, NULL AS is_organization, NULL AS is_multi_region
  FROM trail_changes
) AS told
WHERE trail_arn IS NOT NULL
GROUP BY trail_arn
