-- id: scope_missing_logs
-- title: Logs missing from the window
-- description: Notes that say how complete the logs behind a report are: for the accounts and regions of the keys asked
--   for, else for all with a log or a known key. An hour is covered if deliveries go on from its start until its last
--   events should have arrived, as in coverage; this needs the ledger only, so every report can afford it. Hours whose
--   logs may still arrive do not count, nor do hours before the first of these logs; if they begin later than the logs
--   of the store, a note says so.
-- depends: coverage_settings, known_keys, log_period, trail_changes

WITH asked_regions AS (
  SELECT account, region
  FROM known_keys
  WHERE (cardinality($key_arns) = 0 OR array_has($key_arns, key_arn))
    AND is_asked_region(account, region)
  UNION
  SELECT account_id, region
  FROM log_file_events
  WHERE cardinality($key_arns) = 0 AND account_id IS NOT NULL AND region IS NOT NULL AND kind IN ('log', 'digest')
    AND is_asked_region(account_id, region)
),

-- An object that was read twice is here twice, which leaves no gap.
covered_times AS (
  SELECT
    account_id, region, delivery_time,
    covers_from(log_file_events) AS from_time, covers_to(log_file_events) AS to_time
  FROM log_file_events
  WHERE delivery_time IS NOT NULL
    AND (
      (kind IN ('log', 'unknown') AND NOT is_digest_location(location))
      OR (kind = 'digest' AND state IN ('ok', 'archived') AND location NOT LIKE '%\_backfill.json%')
    )
),

-- While deliveries go on.
delivery_runs AS (
  SELECT
    account_id AS account, region, delivery_delay,
    unnest(linked_ranges(
      array_agg(CAST(from_time AS BIGINT)), array_agg(CAST(to_time AS BIGINT)), micros(delivery_gap)
    )) AS range
  FROM covered_times
  CROSS JOIN coverage_settings
  WHERE ($since IS NULL OR delivery_time >= $since - INTERVAL '3 hours')
    AND ($until IS NULL OR delivery_time <= $until + INTERVAL '3 hours')
  GROUP BY account_id, region, delivery_delay, delivery_gap
),

-- The first of these logs. Where no path tells a time, the events do.
log_start AS (
  SELECT
    coalesce(min(covered_times.from_time), min(log_period.first_time)) AS first_time,
    min(log_period.first_time) AS store_first_time
  FROM log_period
  LEFT JOIN (
    SELECT covered_times.from_time
    FROM covered_times
    JOIN asked_regions ON asked_regions.account = covered_times.account_id AND asked_regions.region = covered_times.region
    WHERE $since IS NOT NULL
  ) AS covered_times ON true
),

-- The same in whole hours; one row without them for an account and region without a delivery.
hour_runs AS (
  SELECT
    asked_regions.account, asked_regions.region, range['to_time'] AS to_time,
    hour_from(range['from_time']) AS from_hour, hour_of(range['to_time'] - delivery_delay) AS to_hour
  FROM asked_regions
  LEFT JOIN delivery_runs ON delivery_runs.account = asked_regions.account AND delivery_runs.region = asked_regions.region
),

runs_of_hours AS (
  SELECT
    account, region, from_hour, to_hour,
    coalesce(
      greatest(hour_of($since), hour_from(first_time)),
      min(from_hour) OVER ()
    ) AS first_hour,
    -- The digest that tells of an hour is there two hours later.
    hour_from(
      CASE
        WHEN $until > coalesce(max(to_time) OVER () + INTERVAL '2 hours', $since) THEN $until
        ELSE least($until, max(to_time) OVER () - INTERVAL '2 hours')
      END
    ) AS end_hour
  FROM hour_runs
  CROSS JOIN log_start
),

hours_shown AS (
  SELECT
    account, region,
    greatest(max(end_hour) - max(first_hour), 0) AS hours,
    sum(coalesce(greatest(least(to_hour, end_hour) - greatest(from_hour, first_hour), 0), 0)) AS shown
  FROM runs_of_hours
  GROUP BY account, region
),

hours_lacking AS (
  SELECT
    account, region, hours, greatest(hours - shown, 0) AS lacking,
    row_number() OVER (ORDER BY hours - shown DESC, account, region) AS place
  FROM hours_shown
),

-- The objects that were not read in full the last time that they were read.
broken_objects AS (
  SELECT object_id
  FROM (
    SELECT object_id, state, attempt, recorded_at
    FROM log_file_events
    WHERE object_id IN (
      SELECT object_id
      FROM log_file_events
      WHERE state <> 'ok' AND kind IN ('log', 'unknown')
        AND is_object_asked(log_file_events)
    )
  ) AS tried
  GROUP BY object_id
  HAVING last_value(state ORDER BY attempt, recorded_at) NOT IN ('ok', 'foreign', 'forgotten')
),

-- What verification found wrong, and did not find right later.
wrong_objects AS (
  SELECT location
  FROM verifications
  WHERE location IN (
    SELECT location
    FROM verifications
    WHERE is_wrong(status) AND is_object_asked(verifications)
  )
  GROUP BY location
  HAVING is_wrong(last_value(status ORDER BY seq, recorded_at, run_id))
),

-- What the trails are known to have been set to.
trail_settings AS (
  SELECT trail_arn, taken_at AS at, kms_read_logging(selectors) AS kms_reads, is_logging
  FROM trails
  UNION ALL
  SELECT trail_arn, changed_at, kms_reads, is_logging
  FROM trail_changes
),

-- A setting is valid until the next one.
trail_settings_until AS (
  SELECT
    trail_arn, at, kms_reads, is_logging,
    lead(at) OVER (PARTITION BY trail_arn, kms_reads IS NULL ORDER BY at) AS next_reads_at,
    lead(at) OVER (PARTITION BY trail_arn, is_logging IS NULL ORDER BY at) AS next_logging_at
  FROM trail_settings
),

gaps_of_trails AS (
  SELECT trail_arn, CASE kms_reads WHEN 'excluded' THEN 'excluded KMS' ELSE 'left out KMS read events' END AS what, at, next_reads_at AS next_at
  FROM trail_settings_until
  WHERE kms_reads IN ('excluded', 'write_only')
  UNION ALL
  SELECT trail_arn, 'was stopped', at, next_logging_at
  FROM trail_settings_until
  WHERE NOT is_logging
),

-- What was recorded again, or began before the other ended, is one time.
gap_times AS (
  SELECT
    trail_arn,
    string_agg(DISTINCT what, ' or ' ORDER BY what)
      FILTER (WHERE ($until IS NULL OR at < $until) AND ($since IS NULL OR next_at IS NULL OR next_at > $since)) AS what,
    unnest(linked_ranges(
      array_agg(CAST(at AS BIGINT)),
      -- What goes on still is so to the end of the window.
      array_agg(CAST(coalesce(next_at, greatest($until, last_time, at)) AS BIGINT)),
      0
    )) AS time
  FROM gaps_of_trails
  CROSS JOIN log_period
  GROUP BY trail_arn
),

trails_left_out AS (
  SELECT
    trail_arn, what, seconds,
    CASE
      WHEN seconds >= 172800 THEN (seconds / 86400) || ' d ' || (seconds % 86400 / 3600) || ' h'
      WHEN seconds >= 3600 THEN (seconds / 3600) || ' h ' || (seconds % 3600 / 60) || ' min'
      WHEN seconds >= 60 THEN (seconds / 60) || ' min'
      ELSE seconds || ' s'
    END AS duration
  FROM (
    SELECT
      trail_arn, what,
      sum(
        CAST(least(time['to_time'], coalesce($until, time['to_time'])) AS BIGINT)
          - CAST(greatest(time['from_time'], coalesce($since, time['from_time'])) AS BIGINT)
      ) / 1000000 AS seconds
    FROM gap_times
    WHERE ($until IS NULL OR time['from_time'] < $until) AND ($since IS NULL OR time['to_time'] > $since)
    GROUP BY trail_arn, what
  ) AS totals
),

notes AS (
  SELECT
    0 AS place,
    'logs-begin' AS code,
    CAST(NULL AS BIGINT) AS count,
    'logs begin at ' || iso_time(first_time) || ', within the window; earlier events are unknown' AS text
  FROM log_start
  -- Those of the store begin with the first event of a delivery, an hour before it at the earliest.
  WHERE first_time > $since AND first_time > store_first_time + INTERVAL '1 hour' AND ($until IS NULL OR first_time < $until)
  UNION ALL
  SELECT
    1 AS place,
    'coverage' AS code,
    sum(lacking) AS count,
    sum(lacking) || ' of ' || counted(sum(hours), 'hour is', 'hours are') || ' not fully covered by logs (worst: '
      || max(account || ' ' || region || ' with ' || lacking) FILTER (WHERE place = 1)
      || '); see keytrail report coverage' AS text
  FROM hours_lacking
  HAVING sum(lacking) > 0
  UNION ALL
  SELECT
    2 AS place,
    'unread' AS code,
    count(*) AS count,
    counted(count(*), 'log object was', 'log objects were') || ' not read in full; events may be missing; see keytrail status' AS text
  FROM broken_objects
  HAVING count(*) > 0
  UNION ALL
  SELECT
    3 AS place,
    'verification' AS code,
    count(*) AS count,
    counted(count(*), 'log or digest', 'logs or digests') || ' failed verification; see select * from verified_files' AS text
  FROM wrong_objects
  HAVING count(*) > 0
  UNION ALL
  SELECT
    4 AS place,
    'trail' AS code,
    count(*) AS count,
    CASE count(*) WHEN 1 THEN '1 trail ' || max(what) || ' for ' ELSE count(*) || ' trails left out uses or did not log, longest for ' END
      || first_value(duration || ' (' || trail_arn || ')' ORDER BY seconds DESC, trail_arn) AS text
  FROM trails_left_out
  HAVING count(*) > 0
  UNION ALL
  SELECT
    5 AS place,
    'trail-settings' AS code,
    0 AS count,
    'no trail has known settings; only KMS reads in the logs show that reads were logged; see keytrail trails pull' AS text
  FROM trail_settings
  HAVING count(kms_reads) FILTER (WHERE kms_reads <> 'unknown') = 0
)

SELECT place, code, count, text FROM notes
