-- id: trail_hours
-- title: What each trail was set to do, hour by hour
-- description: One row per known trail and hour (a number, hours since 1970) for which something is known of it.
--   kms_reads tells what it logged of KMS: read_write, write_only or excluded, of several in one hour the
--   least; null where that is not known for the whole hour. It is known from a change on, and before
--   and after a description (keytrail trails), as far as no change can have been missed: the logs of
--   the account and region that own the trail must be held without a break in between, until delivery_delay
--   after, and so must those of a delegated administrator of the organization, from when on it is known to be one. is_stopped
--   marks hours in part of which it did not log.
-- depends: coverage_settings, delivery_ranges, known_trails, trail_changes

WITH points AS (
  SELECT trail_arn, taken_at AS at, coalesce(kms_read_logging(selectors), 'unknown') AS kms_reads, true AS is_description, 0 AS severity
  FROM trails
  WHERE selectors IS NOT NULL
  UNION ALL
  -- Of changes at the same time the worst counts: their order is not known.
  SELECT trail_arn, changed_at, kms_reads, false,
    CASE kms_reads WHEN 'read_write' THEN 0 WHEN 'unknown' THEN 1 WHEN 'write_only' THEN 2 ELSE 3 END
  FROM trail_changes
  WHERE kms_reads IS NOT NULL AND trail_arn IS NOT NULL
),

-- Accounts that change trails of an organization beside the one that owns them, from when to when.
administrators AS (
  SELECT
    json_text(request, '/memberAccountId') AS account, event_time AS from_time,
    min(ended.at) AS to_time
  FROM trail_events
  LEFT JOIN (
    SELECT json_text(request, '/delegatedAdminAccountId') AS account, event_time AS at
    FROM trail_events
    WHERE event_source = 'cloudtrail.amazonaws.com' AND event_name = 'DeregisterOrganizationDelegatedAdmin' AND outcome = 'success'
  ) AS ended ON ended.account = json_text(request, '/memberAccountId') AND ended.at >= event_time
  WHERE event_source = 'cloudtrail.amazonaws.com' AND event_name = 'RegisterOrganizationDelegatedAdmin' AND outcome = 'success'
  GROUP BY json_text(request, '/memberAccountId'), event_time
),

-- The accounts in whose logs a change of a trail would stand, since 2013 where nobody tells from when on.
writers AS (
  SELECT
    trail_arn, arn_part(trail_arn, 5) AS account, arn_part(trail_arn, 4) AS region,
    arrow_cast('2013-11-01T00:00:00Z', 'Timestamp(Microsecond, Some("UTC"))') AS from_time, arrow_cast('2200-01-01T00:00:00Z', 'Timestamp(Microsecond, Some("UTC"))') AS to_time
  FROM points
  UNION
  SELECT
    known_trails.trail_arn, administrators.account, known_trails.home_region,
    administrators.from_time, coalesce(administrators.to_time, arrow_cast('2200-01-01T00:00:00Z', 'Timestamp(Microsecond, Some("UTC"))'))
  FROM known_trails
  CROSS JOIN administrators
  WHERE (known_trails.is_organization IS DISTINCT FROM false) AND administrators.account <> known_trails.account
  UNION
  SELECT
    changes.trail_arn, changes.account, arn_part(changes.trail_arn, 4),
    arrow_cast('2013-11-01T00:00:00Z', 'Timestamp(Microsecond, Some("UTC"))'), arrow_cast('2200-01-01T00:00:00Z', 'Timestamp(Microsecond, Some("UTC"))')
  FROM trail_changes AS changes
  WHERE changes.account <> arn_part(changes.trail_arn, 5)
    AND changes.account NOT IN (SELECT account FROM administrators WHERE account IS NOT NULL)
),

homes AS (
  SELECT DISTINCT account, region FROM writers
),

-- Adjacent digests leave two seconds between them, so that one that is missing leaves more than an hour.
deliveries AS (
  SELECT
    log_file_events.account_id AS account, log_file_events.region,
    coalesce(digest_start_time, delivery_time) AS from_time,
    coalesce(digest_end_time - INTERVAL '2 seconds', delivery_time) AS to_time,
    false AS is_break
  FROM log_file_events
  JOIN homes ON homes.account = log_file_events.account_id AND homes.region = log_file_events.region
  WHERE delivery_time IS NOT NULL AND kind IN ('log', 'digest') AND state = 'ok'
  UNION ALL
  -- A change could be in what is lost, unreadable or changed.
  SELECT delivery_ranges.account, delivery_ranges.region, from_time, to_time, true
  FROM delivery_ranges
  JOIN homes ON homes.account = delivery_ranges.account AND homes.region = delivery_ranges.region
  WHERE flag > 2 AND from_time IS NOT NULL
),

reached AS (
  SELECT
    *,
    max(CASE WHEN NOT is_break THEN to_time END) OVER (
      PARTITION BY account, region ORDER BY from_time, to_time, is_break ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS reached
  FROM deliveries
),

numbered AS (
  SELECT
    reached.*,
    sum(CASE WHEN NOT is_break AND from_time <= reached + delivery_gap THEN 0 ELSE 1 END) OVER so_far AS run,
    max(CASE WHEN is_break THEN to_time END) OVER so_far AS broken_to
  FROM reached
  CROSS JOIN coverage_settings
  WINDOW so_far AS (
    PARTITION BY account, region ORDER BY from_time, to_time, is_break ROWS UNBOUNDED PRECEDING
  )
),

stretches AS (
  SELECT
    account, region, run,
    greatest(min(from_time), max(broken_to)) AS from_time,
    max(CASE WHEN NOT is_break THEN to_time END) - max(delivery_delay) AS to_time,
    min(CASE WHEN is_break THEN from_time END) AS break_from
  FROM numbered
  CROSS JOIN coverage_settings
  GROUP BY account, region, run
),

held AS (
  SELECT
    account, region, from_time,
    least(to_time, lead(break_from) OVER (PARTITION BY account, region ORDER BY run)) AS to_time
  FROM stretches
),

-- How many of the logs that a change could stand in are lacking from a time on.
edges AS (
  SELECT trail_arn, at, sum(lacking) AS lacking
  FROM (
    SELECT trail_arn, from_time AS at, 1 AS lacking FROM writers
    UNION ALL
    SELECT trail_arn, to_time, -1 FROM writers
    UNION ALL
    SELECT
      trail_arn,
      unnest(make_array(greatest(held.from_time, writers.from_time), least(held.to_time, writers.to_time))),
      unnest(make_array(-1, 1))
    FROM writers
    JOIN held ON held.account = writers.account AND held.region = writers.region
    WHERE greatest(held.from_time, writers.from_time) < least(held.to_time, writers.to_time)
  ) AS each_of_them
  GROUP BY trail_arn, at
  HAVING sum(lacking) <> 0
),

-- Changes between these times are known: all the logs in which they could stand are held.
runs AS (
  SELECT trail_arn, at AS from_time, next_at AS to_time
  FROM (
    SELECT
      trail_arn, at, lead(at) OVER (PARTITION BY trail_arn ORDER BY at) AS next_at,
      sum(lacking) OVER (PARTITION BY trail_arn ORDER BY at ROWS UNBOUNDED PRECEDING) AS lacking
    FROM edges
  ) AS stretched
  WHERE lacking = 0 AND next_at IS NOT NULL
),

placed AS (
  SELECT
    points.*, runs.from_time AS run_from, runs.to_time AS run_to,
    lead(at) OVER in_order AS next_at,
    coalesce(lead(is_description) OVER in_order AND lead(points.kms_reads) OVER in_order <> points.kms_reads, false)
      AS is_contradicted
  FROM points
  LEFT JOIN runs
    ON runs.trail_arn = points.trail_arn AND points.at BETWEEN runs.from_time AND runs.to_time
  WINDOW in_order AS (PARTITION BY points.trail_arn ORDER BY at, is_description, severity)
),

forward AS (
  SELECT
    *,
    -- A description that says otherwise shows that a change was missed.
    CASE
      WHEN is_contradicted OR run_to IS NULL THEN at
      ELSE least(coalesce(next_at, run_to), run_to)
    END AS known_to
  FROM placed
),

both AS (
  SELECT
    *,
    lag(known_to) OVER (PARTITION BY trail_arn ORDER BY at, is_description, severity) AS known_before,
    lag(is_contradicted) OVER (PARTITION BY trail_arn ORDER BY at, is_description, severity) AS contradicts
  FROM forward
),

known AS (
  SELECT trail_arn, kms_reads, at AS from_time, known_to AS to_time
  FROM both
  WHERE kms_reads <> 'unknown'
  UNION ALL
  SELECT trail_arn, kms_reads, greatest(run_from, coalesce(known_before, run_from)), at
  FROM both
  WHERE is_description AND kms_reads <> 'unknown' AND run_from IS NOT NULL AND NOT coalesce(contradicts, false)
),

known_hours AS (
  SELECT trail_arn, kms_reads, from_time, to_time,
    unnest(range(
      CAST(from_time AS BIGINT) / 3600000000, (CAST(to_time AS BIGINT) + 3599999999) / 3600000000
    )) AS hour
  FROM known
  WHERE to_time > from_time
),

logging_points AS (
  SELECT trail_arn, changed_at AS at, is_logging
  FROM trail_changes
  WHERE is_logging IS NOT NULL AND trail_arn IS NOT NULL
  UNION ALL
  SELECT trail_arn, taken_at, is_logging
  FROM trails
  WHERE is_logging IS NOT NULL
  UNION ALL
  SELECT trail_arn, logging_changed_at, is_logging
  FROM trails
  WHERE is_logging IS NOT NULL AND logging_changed_at IS NOT NULL
  UNION ALL
  -- A trail that logs again tells when it stopped.
  SELECT trail_arn, stopped_at, false
  FROM (
    SELECT
      trail_arn, logging_changed_at,
      CASE
        WHEN stopped LIKE '%T%'
          THEN arrow_cast(TRY_CAST(stopped AS TIMESTAMP WITH TIME ZONE), 'Timestamp(Microsecond, Some("UTC"))')
        ELSE arrow_cast(
          CAST(TRY_CAST(stopped AS DOUBLE) * 1000000 AS BIGINT), 'Timestamp(Microsecond, Some("UTC"))'
        )
      END AS stopped_at
    FROM (
      SELECT trail_arn, logging_changed_at, json_text(status, '/StopLoggingTime') AS stopped
      FROM trails
      WHERE is_logging
    ) AS told
  ) AS stops
  WHERE stopped_at < logging_changed_at
),

logging AS (
  SELECT
    *,
    lead(at) OVER (PARTITION BY trail_arn ORDER BY at, is_logging) AS next_at
  FROM logging_points
),

last_held AS (
  SELECT max(least(delivery_time, recorded_at)) AS last_time FROM log_file_events
),

stopped_hours AS (
  SELECT trail_arn,
    unnest(range(
      CAST(at AS BIGINT) / 3600000000,
      (CAST(coalesce(next_at, greatest(last_time, at)) AS BIGINT) + 3599999999) / 3600000000
    )) AS hour
  FROM logging
  CROSS JOIN last_held
  WHERE NOT is_logging
),

facts AS (
  SELECT
    trail_arn, hour, kms_reads,
    least(CAST(to_time AS BIGINT), (hour + 1) * 3600000000) - greatest(CAST(from_time AS BIGINT), hour * 3600000000)
      AS known_micros,
    false AS is_stopped
  FROM known_hours
  UNION ALL
  SELECT trail_arn, hour, NULL, 0, true
  FROM stopped_hours
)

SELECT
  trail_arn,
  hour,
  CASE
    WHEN bool_or(kms_reads = 'excluded') THEN 'excluded'
    WHEN bool_or(kms_reads = 'write_only') THEN 'write_only'
    WHEN sum(known_micros) >= 3600000000 THEN 'read_write'
  END AS kms_reads,
  bool_or(is_stopped) AS is_stopped
FROM facts
GROUP BY trail_arn, hour
