-- id: coverage_by_trail
-- title: Log coverage by trail and hour
-- description: One row per account, region, trail and hour of event time, from the first delivery in the store to the
--   last. docs/coverage.md explains the states.
-- column account: account ID
-- column region: region
-- column hour: start of the hour (event time)
-- column trail: ARN of the trail if it is known, else its name; `unknown` for logs that no digest lists
-- column trail_arn: ARN of the trail; null if it is not known
-- column state: state of the hour, the first that applies of `account_not_in_organization`, `region_not_enabled`,
--   `expired`, `logging_stopped`, `kms_excluded`, `write_only`, `archived`, `gap`, `partial`, `selectors_unknown`,
--   `complete_unverified` and `complete_verified`
-- column rank: number of the state in that list, from 1
-- column reasons: all states that apply, comma-separated, with what makes the hour partial or unverified; null if
--   nothing speaks against it
-- column organization: organization ID in the path of the log objects; empty if there is none
-- depends: coverage_absences, coverage_states, marked_hours, stream_trails, trail_hours

WITH group_members AS (
  SELECT candidates, trail_arn, count(*) OVER (PARTITION BY candidates) AS trails
  FROM (
    SELECT candidates, unnest(string_to_array(candidates, ' ')) AS trail_arn
    FROM (SELECT DISTINCT candidates FROM stream_trails) AS trail_groups
  ) AS named
),

-- Several trails tell what they agree on.
group_hours AS (
  SELECT
    group_members.candidates, trail_hours.hour,
    CASE
      WHEN count(trail_hours.kms_reads) = max(group_members.trails) AND min(trail_hours.kms_reads) = max(trail_hours.kms_reads)
        THEN min(trail_hours.kms_reads)
    END AS kms_reads,
    count(*) FILTER (WHERE trail_hours.is_proven) = max(group_members.trails) AS is_proven,
    count(*) FILTER (WHERE trail_hours.is_stopped) = max(group_members.trails) AS is_stopped
  FROM group_members
  JOIN trail_hours ON trail_hours.trail_arn = group_members.trail_arn
  GROUP BY group_members.candidates, trail_hours.hour
),

-- What is known of each hour, with that of the trails that may be behind its logs.
hours AS (
  SELECT
    marked.* EXCLUDE (hour),
    group_hours.kms_reads,
    coalesce(group_hours.is_stopped, false) AS is_stopped,
    coalesce(group_hours.kms_reads = 'read_write', false) OR has_reads AS is_reading,
    is_settled AND (coalesce(group_hours.kms_reads = 'read_write' AND group_hours.is_proven, false) OR has_proven_reads)
      AS is_reading_proven,
    coalesce(left_at <= hour_start OR joined_at >= hour_start + INTERVAL '1 hour', false) AS is_outside,
    coalesce(hour_start < retention_horizon('kms_events'), false) AS is_expired
  FROM (
    SELECT *, hour_start(hour) AS hour_start
    FROM marked_hours
  ) AS marked
  LEFT JOIN stream_trails
    ON stream_trails.account = marked.account AND stream_trails.region = marked.region
    AND stream_trails.organization = marked.organization AND stream_trails.trail = marked.trail
  LEFT JOIN group_hours ON group_hours.candidates = stream_trails.candidates AND group_hours.hour = marked.hour
  LEFT JOIN coverage_absences
    ON coverage_absences.account = marked.account AND coverage_absences.region = marked.region
),

-- Every reason why an hour is not proven complete, in the order of the states.
hours_with_reasons AS (
  SELECT
    account, region, organization, trail, hour_start,
    concat_ws(
      ', ',
      CASE WHEN is_outside THEN 'account_not_in_organization' END,
      CASE WHEN is_disabled THEN 'region_not_enabled' END,
      CASE WHEN is_expired THEN 'expired' END,
      CASE WHEN is_stopped THEN 'logging_stopped' END,
      CASE WHEN kms_reads = 'excluded' THEN 'kms_excluded' END,
      CASE WHEN kms_reads = 'write_only' THEN 'write_only' END,
      CASE WHEN is_archived THEN 'archived' END,
      CASE WHEN NOT is_delivered THEN 'gap' END,
      CASE WHEN is_damaged THEN 'partial (damaged or rejected)' END,
      CASE WHEN is_missing THEN 'partial (missing file)' END,
      CASE WHEN is_changed THEN 'partial (hash mismatch)' END,
      CASE WHEN is_disputed THEN 'partial (id conflict)' END,
      CASE WHEN kms_reads IS NULL AND NOT is_reading THEN 'selectors_unknown' END,
      CASE
        WHEN has_broken_backfill THEN 'not_verified (backfill chain broken)'
        WHEN NOT is_proven OR has_invalid_digest THEN 'not_verified'
        WHEN is_reading AND NOT is_reading_proven THEN 'not_verified (selectors)'
      END
    ) AS reasons
  FROM hours
)

-- The first reason is the state.
SELECT
  account,
  region,
  hour_start AS hour,
  trail,
  CASE WHEN trail LIKE 'arn:%' THEN trail END AS trail_arn,
  state,
  rank,
  nullif(reasons, '') AS reasons,
  organization
FROM hours_with_reasons
JOIN coverage_states
  ON state = CASE
    WHEN reasons = '' THEN 'complete_verified'
    WHEN reasons LIKE 'not_verified%' THEN 'complete_unverified'
    ELSE split_part(split_part(reasons, ', ', 1), ' (', 1)
  END
