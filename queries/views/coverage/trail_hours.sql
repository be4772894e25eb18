-- id: trail_hours
-- title: Settings of trails by hour
-- description: One row per known trail and hour (hours since 1970) for which something is known. kms_reads: what the
--   trail logged of KMS: read_write, write_only or excluded, the least of several in one hour; null if not known for
--   the whole hour. It is known from a change on, and before and after a description (`keytrail trails`) as far as no
--   change can be missing (trail_runs). is_proven: digests prove that no change is missing. is_stopped: the trail was
--   not logging for part of the hour.
-- internal: coverage_by_trail takes the settings of each hour from it
-- depends: trail_changes, trail_logging, trail_runs

WITH points AS (
  SELECT
    trail_arn, taken_at AS at, coalesce(kms_read_logging(selectors), 'unknown') AS kms_reads, true AS is_description, 0 AS severity,
    true AS is_verified, false AS is_changed
  FROM trails
  WHERE selectors IS NOT NULL
  UNION ALL
  -- Of changes at the same time the worst counts: their order is not known.
  SELECT trail_arn, changed_at AS at, kms_reads, false AS is_description,
    CASE kms_reads WHEN 'read_write' THEN 0 WHEN 'unknown' THEN 1 WHEN 'write_only' THEN 2 ELSE 3 END AS severity,
    is_verified, is_changed
  FROM trail_changes
  WHERE kms_reads IS NOT NULL AND trail_arn IS NOT NULL
),

-- By all deliveries, and by those that digests prove.
kinds AS (
  SELECT unnest(make_array('delivered', 'proven')) AS kind
),

points_by_kind AS (
  SELECT
    points.*, kinds.kind, runs.from_time AS run_from, runs.to_time AS run_to,
    -- That reads are logged is not shown by a log that was changed, nor proven by one that no digest proves.
    kms_reads = 'read_write' AND (is_changed OR (kinds.kind = 'proven' AND NOT is_verified)) AS is_doubtful,
    lead(at) OVER in_order AS next_at,
    coalesce(lead(is_description) OVER in_order AND lead(points.kms_reads) OVER in_order <> points.kms_reads, false)
      AS is_contradicted
  FROM points
  CROSS JOIN kinds
  LEFT JOIN trail_runs AS runs
    ON runs.trail = points.trail_arn AND runs.kind = kinds.kind AND points.at BETWEEN runs.from_time AND runs.to_time
  WINDOW in_order AS (PARTITION BY points.trail_arn, kinds.kind ORDER BY at, is_description, severity)
),

points_with_ends AS (
  SELECT
    *,
    CASE
      -- A description that says otherwise shows that a change was missed. Still, what leaves uses out left them out then.
      WHEN is_doubtful THEN at
      WHEN is_contradicted OR run_to IS NULL OR run_to = at
        THEN CASE WHEN kms_reads = 'read_write' THEN at ELSE at + INTERVAL '1 second' END
      ELSE least(coalesce(next_at, run_to), run_to)
    END AS known_to
  FROM points_by_kind
),

points_with_starts AS (
  SELECT
    *,
    lag(known_to) OVER (PARTITION BY trail_arn, kind ORDER BY at, is_description, severity) AS known_before,
    lag(is_contradicted) OVER (PARTITION BY trail_arn, kind ORDER BY at, is_description, severity) AS contradicts
  FROM points_with_ends
),

known_times AS (
  SELECT trail_arn, kind, kms_reads, at AS from_time, known_to AS to_time
  FROM points_with_starts
  WHERE kms_reads <> 'unknown'
  UNION ALL
  SELECT trail_arn, kind, kms_reads, greatest(run_from, coalesce(known_before, run_from)) AS from_time, at AS to_time
  FROM points_with_starts
  WHERE is_description AND kms_reads <> 'unknown' AND run_from IS NOT NULL AND NOT coalesce(contradicts, false)
),

known_hours AS (
  SELECT trail_arn, kind, kms_reads, from_time, to_time,
    unnest(range(
      hour_of(from_time), hour_from(to_time)
    )) AS hour
  FROM known_times
  WHERE to_time > from_time
),

last_held AS (
  SELECT max(least(delivery_time, recorded_at)) AS last_time FROM log_file_events
),

stopped_hours AS (
  SELECT trail_arn,
    unnest(range(
      hour_of(at),
      hour_from(coalesce(next_at, greatest(last_time, at)))
    )) AS hour
  FROM trail_logging
  CROSS JOIN last_held
  WHERE NOT is_logging
),

hours_by_fact AS (
  SELECT
    trail_arn, hour, kind, kms_reads,
    least(CAST(to_time AS BIGINT), (hour + 1) * 3600000000) - greatest(CAST(from_time AS BIGINT), hour * 3600000000)
      AS known_micros,
    false AS is_stopped
  FROM known_hours
  UNION ALL
  SELECT trail_arn, hour, 'delivered', NULL, 0, true
  FROM stopped_hours
)

SELECT
  trail_arn,
  hour,
  CASE
    WHEN bool_or(kms_reads = 'excluded') THEN 'excluded'
    WHEN bool_or(kms_reads = 'write_only') THEN 'write_only'
    WHEN sum(known_micros) FILTER (WHERE kind = 'delivered') >= 3600000000 THEN 'read_write'
  END AS kms_reads,
  coalesce(sum(known_micros) FILTER (WHERE kind = 'proven') >= 3600000000, false) AS is_proven,
  bool_or(is_stopped) AS is_stopped
FROM hours_by_fact
GROUP BY trail_arn, hour
