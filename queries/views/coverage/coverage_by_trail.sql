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
-- depends: coverage_absences, coverage_settings, coverage_streams, delivered_digests, delivery_ranges, known_trails, read_objects,
--   trail_changes, trail_hours, trail_runs, id_conflicts

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
    count(*) FILTER (WHERE trail_hours.is_proven) = max(members.trails) AS is_proven,
    count(*) FILTER (WHERE trail_hours.is_stopped) = max(members.trails) AS is_stopped
  FROM members
  JOIN trail_hours ON trail_hours.trail_arn = members.trail_arn
  GROUP BY members.candidates, trail_hours.hour
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
reads AS (
  SELECT
    streams.account, streams.region, streams.organization, streams.trail, is_verified, hour / 24 AS day,
    unnest(make_array(hourly_reads.first_time, hourly_reads.last_time)) AS at,
    CASE
      WHEN streams.trail LIKE 'arn:%' THEN streams.trail
      WHEN grouped.candidates NOT LIKE '% %' THEN grouped.candidates
      ELSE streams.trail || ' ' || CASE streams.organization WHEN '' THEN streams.account ELSE streams.organization END
    END AS bounding_trail
  FROM hourly_reads
  JOIN streams
    ON streams.account = hourly_reads.account AND streams.region = hourly_reads.region
    AND (hourly_reads.trail IS NULL OR streams.trail = hourly_reads.trail)
  LEFT JOIN grouped
    ON grouped.account = streams.account AND grouped.region = streams.region
    AND grouped.organization = streams.organization AND grouped.trail = streams.trail
),

-- In which time selectors that log KMS reads at one moment do so at all: while no change can be missed, from the change before it
-- to the next one that may leave reads out. The moment must be before told_to, the next change of any kind.
spans AS (
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
day_spans AS (
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
      FROM spans
      CROSS JOIN held
    ) AS clipped
    WHERE from_us < to_us
  ) AS daily
),

told_spans AS (
  SELECT DISTINCT account, region, organization, reads.trail, kind, from_us, to_us
  FROM reads
  JOIN day_spans ON day_spans.trail = reads.bounding_trail AND day_spans.day = reads.day
  WHERE CAST(at AS BIGINT) > from_us AND at < told_to AND (kind = 'delivered' OR is_verified)
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
  WHERE flag BETWEEN 1 AND 512
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
  UNION ALL
  -- KMS reads tell that reads were logged in an hour if they do of all of it.
  SELECT
    account, region, organization, trail, CASE kind WHEN 'proven' THEN 8192 ELSE 4096 END,
    (from_us + 3599999999) / 3600000000, to_us / 3600000000
  FROM told_spans
  UNION ALL
  SELECT
    account, region, organization, streams.trail, 16384,
    (CAST(from_time AS BIGINT) + 3599999999) / 3600000000, CAST(to_time AS BIGINT) / 3600000000
  FROM streams
  JOIN trail_runs ON trail_runs.trail = streams.trail AND kind = 'settled'
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

facts AS (
  SELECT
    hours.account, hours.region, hours.organization, hours.trail, hours.hour, hours.flags,
    group_hours.kms_reads,
    coalesce(group_hours.is_stopped, false) AS is_stopped,
    coalesce(group_hours.kms_reads = 'read_write', false) OR flags & 4096 > 0 AS is_reading,
    flags & 16384 > 0 AND (coalesce(group_hours.kms_reads = 'read_write' AND is_proven, false) OR flags & 8192 > 0)
      AS is_reading_proven,
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
      WHEN flags & 2 = 0 OR flags & 640 > 0 OR NOT is_reading_proven THEN 11
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
      WHEN is_reading AND NOT is_reading_proven THEN 'not_verified (selectors)'
    END
  ), '') AS reasons,
  organization
FROM ranked
