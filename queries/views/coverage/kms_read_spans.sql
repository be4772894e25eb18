-- id: kms_read_spans
-- title: Periods in which the logs show that KMS reads were logged
-- description: One row per stream, kind and part of a day in which KMS read events in the logs of a stream show that its
--   trail logged all of them. kind is proven if digests prove these logs and no change of the trail is missing, else
--   delivered. from_us and to_us are microseconds since 1970.
-- internal: marked_hours reads it
-- depends: coverage_streams, delivered_digests, known_trails, log_hours, read_objects, stream_trails, trail_changes, trail_runs

-- The trails that may deliver what is held of an account and region.
WITH deliverers AS (
  SELECT account, region, trail FROM coverage_streams WHERE last_time IS NOT NULL AND trail <> 'unknown'
  UNION
  SELECT streams.account, streams.region, known_trails.trail_arn
  FROM coverage_streams AS streams
  JOIN known_trails ON may_deliver(known_trails, streams.account, streams.region)
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
    hour_of(event_time) AS hour, min(event_time) AS first_time, max(event_time) AS last_time
  FROM kms_events
  JOIN delivered_logs ON delivered_logs.object_id = kms_events.object_id
  LEFT JOIN several_trails
    ON several_trails.account = kms_events.recipient_account_id AND several_trails.region = kms_events.region
  WHERE is_read_only AND coalesce(event_category, 'Management') = 'Management' AND several_trails.account IS NULL
  GROUP BY kms_events.recipient_account_id, kms_events.region, is_verified, hour_of(event_time)
  UNION ALL
  SELECT
    several_trails.account, several_trails.region, named_logs.trail, is_verified,
    hour_of(event_time) AS hour, min(event_time) AS first_time, max(event_time) AS last_time
  FROM several_trails
  JOIN kms_events
    ON kms_events.recipient_account_id = several_trails.account AND kms_events.region = several_trails.region
  JOIN delivered_logs ON delivered_logs.object_id = kms_events.object_id
  JOIN named_logs ON named_logs.key = log_key(delivered_logs.location)
  WHERE is_read_only AND coalesce(event_category, 'Management') = 'Management'
  GROUP BY several_trails.account, several_trails.region, named_logs.trail, is_verified, hour_of(event_time)
),

-- Those of each stream, by the trail whose changes bound what they tell.
kms_reads_of_streams AS (
  SELECT
    streams.account, streams.region, streams.organization, streams.trail, is_verified, hour / 24 AS day,
    unnest(make_array(hourly_reads.first_time, hourly_reads.last_time)) AS at,
    CASE
      WHEN streams.trail LIKE 'arn:%' THEN streams.trail
      WHEN stream_trails.candidates NOT LIKE '% %' THEN stream_trails.candidates
      ELSE streams.trail || ' ' || CASE streams.organization WHEN '' THEN streams.account ELSE streams.organization END
    END AS bounding_trail
  FROM hourly_reads
  JOIN coverage_streams AS streams
    ON streams.account = hourly_reads.account AND streams.region = hourly_reads.region
    AND (hourly_reads.trail IS NULL OR streams.trail = hourly_reads.trail)
  LEFT JOIN stream_trails
    ON stream_trails.account = streams.account AND stream_trails.region = streams.region
    AND stream_trails.organization = streams.organization AND stream_trails.trail = streams.trail
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
)

SELECT DISTINCT account, region, organization, kms_reads_of_streams.trail, kind, from_us, to_us
FROM kms_reads_of_streams
JOIN read_days ON read_days.trail = kms_reads_of_streams.bounding_trail AND read_days.day = kms_reads_of_streams.day
WHERE CAST(at AS BIGINT) > from_us AND at < told_to AND (kind = 'delivered' OR is_verified)
