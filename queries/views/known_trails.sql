-- id: known_trails
-- title: The trails that are known
-- description: One row per trail of which there is a description (keytrail trails) or a change in the logs. account and
--   home_region are those that own it. What only a description tells is the newest one's, and null without.
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
