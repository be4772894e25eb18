-- id: coverage_by_trail
-- title: What each trail shows of each hour
-- description: One row per account, region, trail and hour of EVENT time from the first delivery held to the last.
--   trail is its ARN where that is known, else its name, `unknown` for logs that no digest names. state is the
--   first that holds of account_not_in_organization, region_not_enabled, expired, logging_stopped, kms_excluded,
--   write_only, archived, gap, partial, selectors_unknown, complete_unverified, complete_verified; rank is its place, from 1. reasons
--   names all that hold, and what makes it partial. docs/coverage.md says what each means.
-- depends: coverage_absences, coverage_settings, coverage_states, coverage_streams, delivered_digests, delivery_ranges, known_trails, read_objects,
--   trail_changes, trail_hours, trail_runs, id_conflicts

WITH log_hours AS (
  SELECT
    min(CAST(least(delivery_time, covers_from(log_file_events)) AS BIGINT)) / 3600000000 AS first_hour,
    max(CAST(least(delivery_time, recorded_at) AS BIGINT)) / 3600000000 AS last_hour
  FROM log_file_events
  WHERE kind IN ('log', 'digest') AND delivery_time > TIMESTAMP '2013-11-01T00:00:00Z' AND account_id IS NOT NULL
),

-- The trails that may be behind a stream: that of its digests, else all that deliver such logs.
candidate_trails AS (
  SELECT streams.account, streams.region, streams.organization, streams.trail, known_trails.trail_arn
  FROM coverage_streams AS streams
  JOIN known_trails ON known_trails.trail_arn = streams.trail
  UNION ALL
  SELECT streams.account, streams.region, streams.organization, streams.trail, known_trails.trail_arn
  FROM coverage_streams AS streams
  JOIN known_trails
    ON ((known_trails.is_multi_region IS DISTINCT FROM false) OR known_trails.home_region = streams.region)
    AND CASE
      WHEN streams.organization = ''
        THEN known_trails.account = streams.account AND (known_trails.is_organization IS DISTINCT FROM true)
      ELSE (known_trails.is_organization IS DISTINCT FROM false)
    END
  WHERE streams.trail = 'unknown'
),

trail_groups AS (
  SELECT account, region, organization, trail, string_agg(trail_arn, ' ' ORDER BY trail_arn) AS candidates
  FROM candidate_trails
  GROUP BY account, region, organization, trail
),

group_members AS (
  SELECT
    trail_groups.candidates, candidate_trails.trail_arn, count(*) OVER (PARTITION BY trail_groups.candidates) AS trails
  FROM (SELECT DISTINCT candidates FROM trail_groups) AS trail_groups
  CROSS JOIN (SELECT DISTINCT trail_arn FROM candidate_trails) AS candidate_trails
  WHERE array_has(string_to_array(trail_groups.candidates, ' '), candidate_trails.trail_arn)
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

-- The trails that may deliver what is held of an account and region.
deliverers AS (
  SELECT account, region, trail FROM coverage_streams WHERE last_time IS NOT NULL AND trail <> 'unknown'
  UNION
  SELECT streams.account, streams.region, known_trails.trail_arn
  FROM coverage_streams AS streams
  JOIN known_trails
    ON ((known_trails.is_multi_region IS DISTINCT FROM false) OR known_trails.home_region = streams.region)
    AND (known_trails.account = streams.account OR (known_trails.is_organization IS DISTINCT FROM false))
),

several_trails AS (
  SELECT account, region
  FROM deliverers
  GROUP BY account, region
  HAVING count(*) > 1
),

-- Logs that a digest names are of the digest's trail.
named_logs AS (
  SELECT trail, named['key'] AS key
  FROM (
    SELECT trail, unnest(digest_logs(digest_content)) AS named
    FROM delivered_digests
    JOIN several_trails ON several_trails.account = delivered_digests.account AND several_trails.region = delivered_digests.region
    WHERE is_readable
  ) AS namings
),

-- A log that was changed tells nothing.
delivered_logs AS (
  SELECT object_id, location, is_verified
  FROM read_objects
  WHERE kind = 'log' AND account IS NOT NULL AND region IS NOT NULL AND NOT is_changed
),

-- Only management events prove that a trail logs them, and only in a log that a trail delivered: the only one there, or that of
-- the digest that names the log. The first and the last of each hour do.
hourly_reads AS (
  SELECT
    kms_events.recipient_account_id AS account, kms_events.region, NULL AS trail, is_verified,
    CAST(event_time AS BIGINT) / 3600000000 AS hour, min(event_time) AS first_time, max(event_time) AS last_time
  FROM kms_events
  JOIN delivered_logs ON delivered_logs.object_id = kms_events.object_id
  LEFT JOIN several_trails
    ON several_trails.account = kms_events.recipient_account_id AND several_trails.region = kms_events.region
  WHERE is_read_only AND coalesce(event_category, 'Management') = 'Management' AND several_trails.account IS NULL
  GROUP BY kms_events.recipient_account_id, kms_events.region, is_verified, CAST(event_time AS BIGINT) / 3600000000
  UNION ALL
  SELECT
    several_trails.account, several_trails.region, named_logs.trail, is_verified,
    CAST(event_time AS BIGINT) / 3600000000 AS hour, min(event_time) AS first_time, max(event_time) AS last_time
  FROM several_trails
  JOIN kms_events
    ON kms_events.recipient_account_id = several_trails.account AND kms_events.region = several_trails.region
  JOIN delivered_logs ON delivered_logs.object_id = kms_events.object_id
  JOIN named_logs ON named_logs.key = log_key(delivered_logs.location)
  WHERE is_read_only AND coalesce(event_category, 'Management') = 'Management'
  GROUP BY several_trails.account, several_trails.region, named_logs.trail, is_verified, CAST(event_time AS BIGINT) / 3600000000
),

-- Those of each stream, by the trail whose changes bound what they tell.
kms_reads_of_streams AS (
  SELECT
    streams.account, streams.region, streams.organization, streams.trail, is_verified, hour / 24 AS day,
    unnest(make_array(hourly_reads.first_time, hourly_reads.last_time)) AS at,
    CASE
      WHEN streams.trail LIKE 'arn:%' THEN streams.trail
      WHEN trail_groups.candidates NOT LIKE '% %' THEN trail_groups.candidates
      ELSE streams.trail || ' ' || CASE streams.organization WHEN '' THEN streams.account ELSE streams.organization END
    END AS bounding_trail
  FROM hourly_reads
  JOIN coverage_streams AS streams
    ON streams.account = hourly_reads.account AND streams.region = hourly_reads.region
    AND (hourly_reads.trail IS NULL OR streams.trail = hourly_reads.trail)
  LEFT JOIN trail_groups
    ON trail_groups.account = streams.account AND trail_groups.region = streams.region
    AND trail_groups.organization = streams.organization AND trail_groups.trail = streams.trail
),

-- In which time selectors that log KMS reads at one moment do so at all: while no change can be missed, from the change before it
-- to the next one that may leave reads out. The moment must be before told_to, the next change of any kind.
read_spans_of_trails AS (
  SELECT
    trail, kind, from_time,
    least(to_time, min(from_time) OVER later) AS told_to,
    least(to_time, min(CASE WHEN kms_reads <> 'read_write' THEN from_time END) OVER later) AS to_time
  FROM (
    SELECT trail, kind, 'read_write' AS kms_reads, from_time, to_time
    FROM trail_runs
    UNION
    SELECT trail, kind, kms_reads, changed_at AS from_time, to_time
    FROM trail_runs
    JOIN trail_changes ON trail_changes.trail_arn = trail_runs.trail AND changed_at > from_time AND changed_at < to_time
    WHERE kms_reads IS NOT NULL
  ) AS begun
  WHERE kind <> 'settled'
  WINDOW later AS (PARTITION BY trail, kind ORDER BY from_time ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
),

-- An event tells of its day at most.
read_days AS (
  SELECT
    trail, kind, day, told_to,
    greatest(from_us, day * 86400000000) AS from_us, least(to_us, (day + 1) * 86400000000) AS to_us
  FROM (
    SELECT
      trail, kind, told_to, from_us, to_us, unnest(range(from_us / 86400000000, (to_us + 86399999999) / 86400000000)) AS day
    FROM (
      SELECT
        trail, kind, told_to,
        greatest(CAST(from_time AS BIGINT), first_hour * 3600000000) AS from_us,
        least(CAST(to_time AS BIGINT), (last_hour + 1) * 3600000000) AS to_us
      FROM read_spans_of_trails
      CROSS JOIN log_hours
    ) AS clipped
    WHERE from_us < to_us
  ) AS daily
),

read_spans AS (
  SELECT DISTINCT account, region, organization, kms_reads_of_streams.trail, kind, from_us, to_us
  FROM kms_reads_of_streams
  JOIN read_days ON read_days.trail = kms_reads_of_streams.bounding_trail AND read_days.day = kms_reads_of_streams.day
  WHERE CAST(at AS BIGINT) > from_us AND at < told_to AND (kind = 'delivered' OR is_verified)
),

-- A mark for each range of hours, from the first to before the last.
marks AS (
  SELECT account, region, organization, trail, 'stored' AS mark, first_hour AS from_hour, last_hour + 1 AS to_hour
  FROM coverage_streams
  CROSS JOIN log_hours
  UNION ALL
  SELECT
    account, region, organization, trail, mark,
    CASE
      -- An hour is delivered if deliveries go on from its beginning until its last events are in them.
      WHEN mark IN ('delivered', 'proven') THEN (CAST(from_time AS BIGINT) + 3599999999) / 3600000000
      -- Digests say what was delivered, also hours after it happened.
      WHEN mark IN ('invalid_digest', 'broken_backfill') THEN CAST(from_time AS BIGINT) / 3600000000 - following_digests
      ELSE CAST(from_time AS BIGINT) / 3600000000
    END,
    CASE mark
      WHEN 'delivered' THEN CAST(to_time - delivery_delay AS BIGINT) / 3600000000
      WHEN 'proven' THEN CAST(to_time AS BIGINT) / 3600000000 - following_digests
      ELSE CAST(to_time AS BIGINT) / 3600000000 + 1
    END
  FROM delivery_ranges
  CROSS JOIN coverage_settings
  WHERE mark NOT IN ('stored', 'lost', 'signed')
  UNION ALL
  SELECT
    streams.account, streams.region, streams.organization, streams.trail, 'disputed_id',
    CAST(conflicts.at AS BIGINT) / 3600000000,
    CAST(conflicts.at AS BIGINT) / 3600000000 + 1
  FROM (
    SELECT recipient_account_id, region, first_time AS at FROM id_conflicts
    UNION
    SELECT recipient_account_id, region, last_time FROM id_conflicts
  ) AS conflicts
  JOIN coverage_streams AS streams
    ON streams.account = conflicts.recipient_account_id
    AND (conflicts.region IS NULL OR conflicts.region = streams.region)
  UNION ALL
  SELECT
    streams.account, streams.region, streams.organization, streams.trail, 'disabled',
    (CAST(disabled_at AS BIGINT) + 3599999999) / 3600000000,
    last_hour + 1
  FROM coverage_streams AS streams
  CROSS JOIN log_hours
  JOIN coverage_absences
    ON coverage_absences.account = streams.account AND coverage_absences.region = streams.region
  WHERE disabled_at IS NOT NULL
  UNION ALL
  -- KMS reads show that reads were logged in an hour if they do of all of it.
  SELECT
    account, region, organization, trail, CASE kind WHEN 'proven' THEN 'proven_reads' ELSE 'reads' END,
    (from_us + 3599999999) / 3600000000, to_us / 3600000000
  FROM read_spans
  UNION ALL
  SELECT
    account, region, organization, streams.trail, 'settled',
    (CAST(from_time AS BIGINT) + 3599999999) / 3600000000, CAST(to_time AS BIGINT) / 3600000000
  FROM coverage_streams AS streams
  JOIN trail_runs ON trail_runs.trail = streams.trail AND kind = 'settled'
),

marked_hours AS (
  SELECT
    account, region, organization, trail, hour,
    bool_or(mark = 'delivered') AS is_delivered,
    bool_or(mark = 'proven') AS is_proven,
    bool_or(mark = 'archived') AS is_archived,
    bool_or(mark = 'damaged') AS is_damaged,
    bool_or(mark = 'missing') AS is_missing,
    bool_or(mark = 'changed') AS is_changed,
    bool_or(mark = 'disputed_id') AS is_disputed,
    bool_or(mark = 'invalid_digest') AS has_invalid_digest,
    bool_or(mark = 'broken_backfill') AS has_broken_backfill,
    bool_or(mark = 'disabled') AS is_disabled,
    bool_or(mark = 'reads') AS has_reads,
    bool_or(mark = 'proven_reads') AS has_proven_reads,
    bool_or(mark = 'settled') AS is_settled
  FROM (
    SELECT
      account, region, organization, trail, mark,
      unnest(range(greatest(from_hour, first_hour), least(to_hour, last_hour + 1))) AS hour
    FROM marks
    CROSS JOIN log_hours
  ) AS hours_of_marks
  GROUP BY account, region, organization, trail, hour
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
    SELECT *, arrow_cast(hour * 3600000000, 'Timestamp(Microsecond, Some("UTC"))') AS hour_start
    FROM marked_hours
  ) AS marked
  LEFT JOIN trail_groups
    ON trail_groups.account = marked.account AND trail_groups.region = marked.region
    AND trail_groups.organization = marked.organization AND trail_groups.trail = marked.trail
  LEFT JOIN group_hours ON group_hours.candidates = trail_groups.candidates AND group_hours.hour = marked.hour
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
