-- id: coverage_by_trail
-- title: What each trail shows of each hour
-- description: One row per account, region, trail and hour of EVENT time from the first delivery held to the last.
--   trail is its ARN where that is known, else its name, `unknown` for logs that no digest names. state is the
--   first that holds of account_not_in_organization, region_not_enabled, expired, logging_stopped, kms_excluded,
--   write_only, archived, gap, partial, selectors_unknown, complete_unverified, complete_verified; rank is its place, from 1. reasons
--   names all that hold, and what makes it partial. docs/coverage.md says what each means.
-- depends: coverage_absences, coverage_settings, coverage_streams, delivered_digests, delivery_ranges, known_trails, trail_changes,
--   trail_hours, id_conflicts

WITH streams AS (
  SELECT * FROM coverage_streams
),

held AS (
  SELECT
    min(CAST(least(delivery_time, coalesce(digest_start_time, delivery_time)) AS BIGINT)) / 3600000000 AS first_hour,
    max(CAST(least(delivery_time, recorded_at) AS BIGINT)) / 3600000000 AS last_hour
  FROM log_file_events
  WHERE kind IN ('log', 'digest') AND delivery_time > TIMESTAMP '2013-11-01T00:00:00Z' AND account_id IS NOT NULL
),

-- The trails that may be behind a stream: that of its digests, else all that deliver such logs.
candidates AS (
  SELECT streams.account, streams.region, streams.organization, streams.trail, known_trails.trail_arn
  FROM streams
  JOIN known_trails ON known_trails.trail_arn = streams.trail
  UNION ALL
  SELECT streams.account, streams.region, streams.organization, streams.trail, known_trails.trail_arn
  FROM streams
  JOIN known_trails
    ON ((known_trails.is_multi_region IS DISTINCT FROM false) OR known_trails.home_region = streams.region)
    AND CASE
      WHEN streams.organization = ''
        THEN known_trails.account = streams.account AND (known_trails.is_organization IS DISTINCT FROM true)
      ELSE (known_trails.is_organization IS DISTINCT FROM false)
    END
  WHERE streams.trail = 'unknown'
),

grouped AS (
  SELECT account, region, organization, trail, string_agg(trail_arn, ' ' ORDER BY trail_arn) AS candidates
  FROM candidates
  GROUP BY account, region, organization, trail
),

members AS (
  SELECT
    grouped.candidates, candidates.trail_arn, count(*) OVER (PARTITION BY grouped.candidates) AS trails
  FROM (SELECT DISTINCT candidates FROM grouped) AS grouped
  CROSS JOIN (SELECT DISTINCT trail_arn FROM candidates) AS candidates
  WHERE array_has(string_to_array(grouped.candidates, ' '), candidates.trail_arn)
),

-- Several trails tell what they agree on.
group_hours AS (
  SELECT
    members.candidates, trail_hours.hour,
    CASE
      WHEN count(trail_hours.kms_reads) = max(members.trails) AND min(trail_hours.kms_reads) = max(trail_hours.kms_reads)
        THEN min(trail_hours.kms_reads)
    END AS kms_reads,
    count(*) FILTER (WHERE trail_hours.is_stopped) = max(members.trails) AS is_stopped
  FROM members
  JOIN trail_hours ON trail_hours.trail_arn = members.trail_arn
  GROUP BY members.candidates, trail_hours.hour
),

-- A flag for each range of hours, from the first to before the last.
ranges AS (
  SELECT account, region, organization, trail, 0 AS flag, first_hour AS from_hour, last_hour + 1 AS to_hour
  FROM streams
  CROSS JOIN held
  UNION ALL
  SELECT
    account, region, organization, trail, flag,
    -- An hour is delivered if deliveries go on from its beginning until its last events are in them.
    CASE
      WHEN flag <= 2 THEN (CAST(from_time AS BIGINT) + 3599999999) / 3600000000
      -- Digests tell what was delivered, also hours after it happened.
      WHEN flag IN (128, 512) THEN CAST(from_time AS BIGINT) / 3600000000 - following_digests
      ELSE CAST(from_time AS BIGINT) / 3600000000
    END,
    CASE flag
      WHEN 1 THEN CAST(to_time - delivery_delay AS BIGINT) / 3600000000
      WHEN 2 THEN CAST(to_time AS BIGINT) / 3600000000 - following_digests
      ELSE CAST(to_time AS BIGINT) / 3600000000 + 1
    END
  FROM delivery_ranges
  CROSS JOIN coverage_settings
  WHERE flag > 0
  UNION ALL
  SELECT
    streams.account, streams.region, streams.organization, streams.trail, 64,
    CAST(conflicts.at AS BIGINT) / 3600000000,
    CAST(conflicts.at AS BIGINT) / 3600000000 + 1
  FROM (
    SELECT recipient_account_id, region, first_time AS at FROM id_conflicts
    UNION
    SELECT recipient_account_id, region, last_time FROM id_conflicts
  ) AS conflicts
  JOIN streams
    ON streams.account = conflicts.recipient_account_id
    AND (conflicts.region IS NULL OR conflicts.region = streams.region)
  UNION ALL
  SELECT
    streams.account, streams.region, streams.organization, streams.trail, 256,
    (CAST(disabled_at AS BIGINT) + 3599999999) / 3600000000,
    last_hour + 1
  FROM streams
  CROSS JOIN held
  JOIN coverage_absences
    ON coverage_absences.account = streams.account AND coverage_absences.region = streams.region
  WHERE disabled_at IS NOT NULL
),

hours AS (
  SELECT account, region, organization, trail, hour, bit_or(flag) AS flags
  FROM (
    SELECT
      account, region, organization, trail, flag,
      unnest(range(greatest(from_hour, first_hour), least(to_hour, last_hour + 1))) AS hour
    FROM ranges
    CROSS JOIN held
  ) AS flagged
  GROUP BY account, region, organization, trail, hour
),

-- The trails that may deliver what is held of an account and region.
deliverers AS (
  SELECT account, region, trail FROM streams WHERE last_time IS NOT NULL AND trail <> 'unknown'
  UNION
  SELECT streams.account, streams.region, known_trails.trail_arn
  FROM streams
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

delivered_logs AS (
  SELECT DISTINCT object_id, location
  FROM log_file_events
  WHERE kind = 'log' AND account_id IS NOT NULL AND region IS NOT NULL
),

-- Only management events prove that a trail logs them, and only in a log that a trail delivered: the only one there, or that of
-- the digest that names the log.
kms_read_hours AS (
  SELECT DISTINCT streams.account, streams.region, streams.trail, reads.hour
  FROM streams
  JOIN (
    SELECT DISTINCT kms_events.recipient_account_id AS account, kms_events.region, CAST(event_time AS BIGINT) / 3600000000 AS hour
    FROM kms_events
    LEFT JOIN several_trails
      ON several_trails.account = kms_events.recipient_account_id AND several_trails.region = kms_events.region
    WHERE is_read_only AND coalesce(event_category, 'Management') = 'Management' AND several_trails.account IS NULL
      AND object_id IN (SELECT object_id FROM delivered_logs)
  ) AS reads ON reads.account = streams.account AND reads.region = streams.region
  UNION
  SELECT several_trails.account, several_trails.region, named_logs.trail, CAST(event_time AS BIGINT) / 3600000000 AS hour
  FROM several_trails
  JOIN kms_events
    ON kms_events.recipient_account_id = several_trails.account AND kms_events.region = several_trails.region
  JOIN delivered_logs ON delivered_logs.object_id = kms_events.object_id
  JOIN named_logs ON named_logs.key = log_key(delivered_logs.location)
  WHERE is_read_only AND coalesce(event_category, 'Management') = 'Management'
),

kms_read_days AS (
  SELECT DISTINCT account, region, trail, hour / 24 AS day FROM kms_read_hours
),

-- Of a day on which the selectors changed, an event tells of its own hour alone.
changed_days AS (
  SELECT DISTINCT members.candidates, CAST(trail_changes.changed_at AS BIGINT) / 86400000000 AS day
  FROM members
  JOIN trail_changes ON trail_changes.trail_arn = members.trail_arn
  WHERE trail_changes.kms_reads IS NOT NULL
),

facts AS (
  SELECT
    hours.account, hours.region, hours.organization, hours.trail, hours.hour, hours.flags,
    group_hours.kms_reads,
    coalesce(group_hours.is_stopped, false) AS is_stopped,
    coalesce(
      group_hours.kms_reads = 'read_write' OR kms_read_hours.hour IS NOT NULL
        OR (kms_read_days.day IS NOT NULL AND changed_days.day IS NULL),
      false
    ) AS is_reading,
    coalesce(left_at <= hour_start OR joined_at >= hour_start + INTERVAL '1 hour', false) AS is_outside,
    coalesce(hour_start < retention_horizon('kms_events'), false) AS is_expired,
    hour_start
  FROM (
    SELECT *, arrow_cast(hour * 3600000000, 'Timestamp(Microsecond, Some("UTC"))') AS hour_start
    FROM hours
  ) AS hours
  LEFT JOIN grouped
    ON grouped.account = hours.account AND grouped.region = hours.region
    AND grouped.organization = hours.organization AND grouped.trail = hours.trail
  LEFT JOIN group_hours ON group_hours.candidates = grouped.candidates AND group_hours.hour = hours.hour
  LEFT JOIN changed_days ON changed_days.candidates = grouped.candidates AND changed_days.day = hours.hour / 24
  LEFT JOIN kms_read_hours
    ON kms_read_hours.account = hours.account AND kms_read_hours.region = hours.region
    AND kms_read_hours.trail = hours.trail AND kms_read_hours.hour = hours.hour
  LEFT JOIN kms_read_days
    ON kms_read_days.account = hours.account AND kms_read_days.region = hours.region
    AND kms_read_days.trail = hours.trail AND kms_read_days.day = hours.hour / 24
  LEFT JOIN coverage_absences
    ON coverage_absences.account = hours.account AND coverage_absences.region = hours.region
),

ranked AS (
  SELECT
    *,
    CASE
      WHEN is_outside THEN 1
      WHEN flags & 256 > 0 THEN 2
      WHEN is_expired THEN 3
      WHEN is_stopped THEN 4
      WHEN kms_reads = 'excluded' THEN 5
      WHEN kms_reads = 'write_only' THEN 6
      WHEN flags & 4 > 0 THEN 7
      WHEN flags & 1 = 0 THEN 8
      WHEN flags & 120 > 0 THEN 9
      WHEN NOT is_reading THEN 10
      WHEN flags & 2 = 0 OR flags & 640 > 0 THEN 11
      ELSE 12
    END AS rank
  FROM facts
)

SELECT
  account,
  region,
  hour_start AS hour,
  trail,
  CASE WHEN trail LIKE 'arn:%' THEN trail END AS trail_arn,
  CASE rank
    WHEN 1 THEN 'account_not_in_organization'
    WHEN 2 THEN 'region_not_enabled'
    WHEN 3 THEN 'expired'
    WHEN 4 THEN 'logging_stopped'
    WHEN 5 THEN 'kms_excluded'
    WHEN 6 THEN 'write_only'
    WHEN 7 THEN 'archived'
    WHEN 8 THEN 'gap'
    WHEN 9 THEN 'partial'
    WHEN 10 THEN 'selectors_unknown'
    WHEN 11 THEN 'complete_unverified'
    ELSE 'complete_verified'
  END AS state,
  CAST(rank AS INT) AS rank,
  nullif(concat_ws(
    ', ',
    CASE WHEN is_outside THEN 'account_not_in_organization' END,
    CASE WHEN flags & 256 > 0 THEN 'region_not_enabled' END,
    CASE WHEN is_expired THEN 'expired' END,
    CASE WHEN is_stopped THEN 'logging_stopped' END,
    CASE WHEN kms_reads = 'excluded' THEN 'kms_excluded' END,
    CASE WHEN kms_reads = 'write_only' THEN 'write_only' END,
    CASE WHEN flags & 4 > 0 THEN 'archived' END,
    CASE WHEN flags & 1 = 0 THEN 'gap' END,
    CASE WHEN flags & 8 > 0 THEN 'partial (damaged or rejected)' END,
    CASE WHEN flags & 16 > 0 THEN 'partial (missing file)' END,
    CASE WHEN flags & 32 > 0 THEN 'partial (hash mismatch)' END,
    CASE WHEN flags & 64 > 0 THEN 'partial (id conflict)' END,
    CASE WHEN kms_reads IS NULL AND NOT is_reading THEN 'selectors_unknown' END,
    CASE
      WHEN flags & 512 > 0 THEN 'not_verified (backfill chain broken)'
      WHEN flags & 2 = 0 OR flags & 128 > 0 THEN 'not_verified'
    END
  ), '') AS reasons,
  organization
FROM ranked
