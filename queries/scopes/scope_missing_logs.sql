-- id: scope_missing_logs
-- title: Logs missing from the window
-- description: Texts that say how complete the logs behind a report are: for the accounts and regions of the keys asked
--   for, else for all with a log or a known key. An hour is covered if deliveries go on from its start until its last
--   events should have arrived, as in coverage; this needs the ledger only, so every report can afford it. Hours whose
--   logs may still arrive do not count, nor do hours before the first of these logs; if they begin later than the logs
--   of the store, a text says so.
-- depends: coverage_settings, known_keys, log_period, trail_changes

WITH places AS (
  SELECT account, region
  FROM known_keys
  WHERE (cardinality($key_arns) = 0 OR array_has($key_arns, key_arn))
    AND ($account IS NULL OR account = $account) AND ($region IS NULL OR region = $region)
    AND (cardinality($key_accounts) = 0 OR array_has($key_accounts, account))
  UNION
  SELECT account_id, region
  FROM log_file_events
  WHERE cardinality($key_arns) = 0 AND account_id IS NOT NULL AND region IS NOT NULL AND kind IN ('log', 'digest')
    AND ($account IS NULL OR account_id = $account) AND ($region IS NULL OR region = $region)
    AND (cardinality($key_accounts) = 0 OR array_has($key_accounts, account_id))
),

-- An object that was read twice is here twice, which leaves no gap.
held AS (
  SELECT
    account_id, region, delivery_time,
    CASE WHEN kind = 'digest' THEN coalesce(digest_start_time, delivery_time - INTERVAL '1 hour') ELSE delivery_time END
      AS from_time,
    -- Adjacent digests leave two seconds between them, so that one that is missing leaves more than an hour.
    CASE WHEN kind = 'digest' THEN coalesce(digest_end_time, delivery_time) - INTERVAL '2 seconds' ELSE delivery_time END
      AS to_time
  FROM log_file_events
  WHERE delivery_time IS NOT NULL
    AND (
      (kind IN ('log', 'unknown') AND NOT is_digest_location(location))
      OR (kind = 'digest' AND state IN ('ok', 'archived') AND location NOT LIKE '%\_backfill.json%')
    )
),

deliveries AS (
  SELECT places.account, places.region, held.from_time, held.to_time
  FROM places
  LEFT JOIN held
    ON held.account_id = places.account AND held.region = places.region
    AND ($since IS NULL OR held.delivery_time >= $since - INTERVAL '3 hours')
    AND ($until IS NULL OR held.delivery_time <= $until + INTERVAL '3 hours')
),

-- The first of these logs. Where no path tells a time, the events do.
begun AS (
  SELECT
    coalesce(min(held.from_time), min(log_period.first_time)) AS first_time,
    min(log_period.first_time) AS store_first_time
  FROM log_period
  LEFT JOIN (
    SELECT held.from_time
    FROM held
    JOIN places ON places.account = held.account_id AND places.region = held.region
    WHERE $since IS NOT NULL
  ) AS held ON true
),

reached AS (
  SELECT
    *,
    max(to_time) OVER (
      PARTITION BY account, region ORDER BY from_time, to_time ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS reached
  FROM deliveries
),

numbered AS (
  SELECT
    reached.*, delivery_delay,
    sum(CASE WHEN from_time <= reached + delivery_gap THEN 0 ELSE 1 END) OVER (
      PARTITION BY account, region ORDER BY from_time, to_time ROWS UNBOUNDED PRECEDING
    ) AS run
  FROM reached
  CROSS JOIN coverage_settings
),

runs AS (
  SELECT
    account, region,
    (CAST(min(from_time) AS BIGINT) + 3599999999) / 3600000000 AS from_hour,
    CAST(max(to_time) - min(delivery_delay) AS BIGINT) / 3600000000 AS to_hour,
    min(from_time) AS from_time,
    max(to_time) AS to_time
  FROM numbered
  GROUP BY account, region, run
),

bounded AS (
  SELECT
    account, region, from_hour, to_hour,
    coalesce(
      greatest(CAST($since AS BIGINT) / 3600000000, (CAST(first_time AS BIGINT) + 3599999999) / 3600000000),
      min(from_hour) OVER ()
    ) AS first_hour,
    -- The digest that tells of an hour is there two hours later.
    (CAST(
      CASE
        WHEN $until > coalesce(max(to_time) OVER () + INTERVAL '2 hours', $since) THEN $until
        ELSE least($until, max(to_time) OVER () - INTERVAL '2 hours')
      END AS BIGINT
    ) + 3599999999) / 3600000000 AS end_hour
  FROM runs
  CROSS JOIN begun
),

counted AS (
  SELECT
    account, region,
    greatest(max(end_hour) - max(first_hour), 0) AS hours,
    sum(coalesce(greatest(least(to_hour, end_hour) - greatest(from_hour, first_hour), 0), 0)) AS shown
  FROM bounded
  GROUP BY account, region
),

ranked AS (
  SELECT
    account, region, hours, greatest(hours - shown, 0) AS lacking,
    row_number() OVER (ORDER BY hours - shown DESC, account, region) AS place
  FROM counted
),

-- The objects that were not read in full the last time that they were read.
broken AS (
  SELECT object_id
  FROM (
    SELECT object_id, state, attempt, recorded_at
    FROM log_file_events
    WHERE object_id IN (
      SELECT object_id
      FROM log_file_events
      WHERE state <> 'ok' AND kind IN ('log', 'unknown')
        AND ($since IS NULL OR delivery_time IS NULL OR delivery_time >= $since)
        AND ($until IS NULL OR delivery_time IS NULL OR delivery_time <= $until + INTERVAL '1 hour')
        AND ($account IS NULL OR account_id IS NULL OR account_id = $account)
        AND ($region IS NULL OR region IS NULL OR region = $region)
        AND (cardinality($key_accounts) = 0 OR account_id IS NULL OR array_has($key_accounts, account_id))
        AND (
          cardinality($key_arns) = 0 OR account_id IS NULL OR region IS NULL OR EXISTS (
            SELECT 1
            FROM known_keys
            WHERE array_has($key_arns, known_keys.key_arn)
              AND known_keys.account = log_file_events.account_id AND known_keys.region = log_file_events.region
          )
        )
    )
  ) AS tried
  GROUP BY object_id
  HAVING last_value(state ORDER BY attempt, recorded_at) NOT IN ('ok', 'foreign', 'forgotten')
),

-- What verification found wrong, and did not find right later.
wrong AS (
  SELECT location
  FROM verifications
  WHERE location IN (
    SELECT location
    FROM verifications
    WHERE status IN ('missing', 'hash_mismatch', 'bad_signature', 'unknown_key', 'chain_broken')
      AND ($since IS NULL OR delivery_time IS NULL OR delivery_time >= $since)
      AND ($until IS NULL OR delivery_time IS NULL OR delivery_time <= $until + INTERVAL '1 hour')
      AND ($account IS NULL OR account_id IS NULL OR account_id = $account)
      AND ($region IS NULL OR region IS NULL OR region = $region)
      AND (cardinality($key_accounts) = 0 OR account_id IS NULL OR array_has($key_accounts, account_id))
      AND (
        cardinality($key_arns) = 0 OR account_id IS NULL OR region IS NULL OR EXISTS (
          SELECT 1
          FROM known_keys
          WHERE array_has($key_arns, known_keys.key_arn)
            AND known_keys.account = verifications.account_id AND known_keys.region = verifications.region
        )
      )
  )
  GROUP BY location
  HAVING last_value(status ORDER BY seq, recorded_at, run_id) IN (
    'missing', 'hash_mismatch', 'bad_signature', 'unknown_key', 'chain_broken'
  )
),

-- What the trails are known to have been set to.
settings AS (
  SELECT trail_arn, taken_at AS at, kms_read_logging(selectors) AS kms_reads, is_logging
  FROM trails
  UNION ALL
  SELECT trail_arn, changed_at, kms_reads, is_logging
  FROM trail_changes
),

-- A setting holds until another one is told.
set_so AS (
  SELECT
    trail_arn, at, kms_reads, is_logging,
    lead(at) OVER (PARTITION BY trail_arn, kms_reads IS NULL ORDER BY at) AS next_reads_at,
    lead(at) OVER (PARTITION BY trail_arn, is_logging IS NULL ORDER BY at) AS next_logging_at
  FROM settings
),

left_out AS (
  SELECT trail_arn, CASE kms_reads WHEN 'excluded' THEN 'excluded KMS' ELSE 'left out KMS read events' END AS what, at, next_reads_at AS next_at
  FROM set_so
  WHERE kms_reads IN ('excluded', 'write_only')
  UNION ALL
  SELECT trail_arn, 'was stopped', at, next_logging_at
  FROM set_so
  WHERE NOT is_logging
),

-- What was told again, or began before the other ended, is one time.
left_out_times AS (
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
  FROM left_out
  CROSS JOIN log_period
  GROUP BY trail_arn
),

trails_left_out AS (
  SELECT
    trail_arn, what, count(*) AS times,
    max(from_time) AS last_from,
    CASE WHEN max(to_time) < coalesce($until, max(to_time) + INTERVAL '1 second') THEN max(to_time) END AS last_to,
    sum(
      CAST(least(to_time, coalesce($until, to_time)) AS BIGINT) - CAST(greatest(from_time, coalesce($since, from_time)) AS BIGINT)
    ) / 1000000 AS seconds
  FROM (
    SELECT trail_arn, what, time['from_time'] AS from_time, time['to_time'] AS to_time
    FROM left_out_times
  ) AS ranges
  WHERE ($until IS NULL OR from_time < $until) AND ($since IS NULL OR to_time > $since)
  GROUP BY trail_arn, what
),

told AS (
  SELECT
    0 AS place,
    'the logs that are asked for begin at ' || to_char(first_time, '%Y-%m-%dT%H:%M:%SZ')
      || ', within the window: what happened before that is not known' AS text
  FROM begun
  -- Those of the store begin with the first event of a delivery, an hour before it at the earliest.
  WHERE first_time > $since AND first_time > store_first_time + INTERVAL '1 hour' AND ($until IS NULL OR first_time < $until)
  UNION ALL
  SELECT
    1,
    'hours of the window that no delivered log or digest shows: ' || sum(lacking) || ' of ' || sum(hours) || ', in '
      || count(*) FILTER (WHERE lacking > 0) || ' of ' || count(*) || ' accounts and regions, the most in '
      || string_agg(account || ' ' || region || ' (' || lacking || ')', ', ' ORDER BY place) FILTER (WHERE lacking > 0 AND place <= 3)
      || ': what happened in them is not known; `keytrail report coverage` tells more'
  FROM ranked
  HAVING sum(lacking) > 0
  UNION ALL
  SELECT 2, 'log objects of the window that could not be read in full, whose events may be missing: ' || count(*)
  FROM broken
  HAVING count(*) > 0
  UNION ALL
  SELECT 3, 'logs and digests of the window that `keytrail verify` found wrong or missing: ' || count(*)
  FROM wrong
  HAVING count(*) > 0
  UNION ALL
  SELECT
    4,
    'trails that left out uses of keys in the window, or did not log, so that only another trail can show them: '
      || string_agg(
        trail_arn || ' (' || what || CASE WHEN times = 1 THEN ' once, ' ELSE ' ' || times || ' times, ' END
          || CASE
            WHEN seconds >= 172800 THEN (seconds / 86400) || ' d ' || (seconds % 86400 / 3600) || ' h'
            WHEN seconds >= 3600 THEN (seconds / 3600) || ' h ' || (seconds % 3600 / 60) || ' min'
            WHEN seconds >= 60 THEN (seconds / 60) || ' min'
            ELSE seconds || ' s'
          END
          || CASE WHEN times = 1 THEN ' in this window, ' ELSE ' in all in this window, last ' END
          || 'from ' || to_char(last_from, '%Y-%m-%dT%H:%M:%SZ')
          || CASE
            WHEN last_to IS NULL THEN ' on and still at the end of the window'
            ELSE ' to ' || to_char(last_to, '%Y-%m-%dT%H:%M:%SZ')
          END
          || ')',
        ', ' ORDER BY trail_arn
      )
  FROM trails_left_out
  HAVING count(*) > 0
  UNION ALL
  SELECT
    5,
    'the settings of no trail are known (keytrail trails), so that only KMS read events in the logs show that reads were logged'
  FROM settings
  HAVING count(kms_reads) FILTER (WHERE kms_reads <> 'unknown') = 0
)

SELECT place, text FROM told
