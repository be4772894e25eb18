-- id: coverage
-- title: Log coverage by account and region
-- description: One row per account and region: which hours of the window the logs cover, and how reliably. A hole is an
--   hour in which KMS events may be missing; coverage-holes lists all of them. docs/coverage.md explains each state,
--   and what it does not prove.
-- column account: account ID
-- column account_name: name of the account in the latest list; null if not known
-- column region: region
-- column days: one letter per day (UTC), for the worst hour of the day: V complete and verified by digests, c complete
--   but not verified, ? selectors unknown, P partial, - gap, A archived, W write-only, K KMS excluded, S logging
--   stopped, X expired, n region not enabled, o account not in the organization; on a terminal, a long strip is folded
--   into months
-- column first_day: day of the first letter
-- column hours: hours in the window
-- column complete: hours that the logs cover completely
-- column verified: complete hours that digests verify
-- column holes: hours in which KMS events may be missing
-- column first_holes: the first three holes with their state, and how many more; null if there is none
-- column late_50_minutes: minutes from the first event of a log file to its delivery: half of the log files took at
--   most this long
-- column late_99_minutes: the same for 99 in 100 log files
-- column late_max_minutes: the longest such time
-- strip: days from first_day
-- footnote letters: V verified, c complete, ? selectors unknown, P partial, - gap, A archived, W write-only, K KMS excluded,
--   S stopped, X expired, n region not enabled, o not in the organization; a day shows its worst hour
-- caveat:
--   SELECT
--     'regions' AS code,
--     count(*) AS count,
--     counted(count(*), 'account has', 'accounts have') || ' unknown enabled regions ('
--       || string_agg(account, ', ' ORDER BY account) FILTER (WHERE place <= 3)
--       || CASE WHEN count(*) > 3 THEN ', …' ELSE '' END || '); see keytrail trails pull' AS text
--   FROM (
--     SELECT account, row_number() OVER (ORDER BY account) AS place
--     FROM (
--       SELECT DISTINCT account FROM coverage_streams
--       WHERE ($account IS NULL OR account = $account)
--         AND account NOT IN (SELECT account_id FROM account_regions)
--     )
--   ) AS unknown
--   HAVING count(*) > 0
-- caveat:
--   SELECT
--     'unplaced' AS code,
--     count(*) AS count,
--     counted(count(*), 'log object', 'log objects')
--       || ' not read in full, with no account, region or time in the path, so in no hour' AS text
--   FROM log_files
--   WHERE state <> 'ok' AND kind <> 'digest' AND (account_id IS NULL OR region IS NULL OR delivery_time IS NULL)
--   HAVING count(*) > 0

WITH hours AS (
  SELECT
    account, region, hour, date_trunc('day', hour) AS day, state, rank, is_hole, is_complete,
    -- The same for all hours of a stretch.
    hour_of(hour) - row_number() OVER (PARTITION BY account, region, state ORDER BY hour) AS stretch
  FROM scope_coverage
),

-- The days, and the stretches of adjacent hours with one state, of one scan.
days_and_stretches AS (
  SELECT
    account, region, day, grouping(day) = 0 AS is_day,
    count(*) AS hours,
    count(*) FILTER (WHERE is_complete) AS complete,
    count(*) FILTER (WHERE state = 'complete_verified') AS verified,
    count(*) FILTER (WHERE is_hole) AS holes,
    coalesce(min(rank) FILTER (WHERE is_hole), min(rank) FILTER (WHERE is_complete), min(rank)) AS rank,
    to_char(min(hour), '%Y-%m-%dT%HZ') || ' to ' || to_char(max(hour) + INTERVAL '1 hour', '%Y-%m-%dT%HZ')
      || ' ' || state AS text,
    row_number() OVER (PARTITION BY account, region, grouping(day) ORDER BY min(hour), state) AS place
  FROM hours
  GROUP BY GROUPING SETS ((account, region, day), (account, region, state, stretch))
  HAVING grouping(day) = 0 OR bool_or(is_hole)
),

strips AS (
  SELECT
    account, region,
    string_agg(letter, '' ORDER BY place) FILTER (WHERE is_day) AS days,
    CAST(min(day) AS DATE) AS first_day,
    sum(hours) FILTER (WHERE is_day) AS hours,
    sum(complete) FILTER (WHERE is_day) AS complete,
    sum(verified) FILTER (WHERE is_day) AS verified,
    sum(holes) FILTER (WHERE is_day) AS holes,
    string_agg(text, ', ' ORDER BY place) FILTER (WHERE NOT is_day AND place <= 3) AS first_holes,
    count(*) FILTER (WHERE NOT is_day AND place > 3) AS more_holes
  FROM days_and_stretches
  JOIN coverage_states ON coverage_states.rank = days_and_stretches.rank
  GROUP BY account, region
),

late_logs AS (
  SELECT
    account_id AS account, region, count(*) AS logs,
    array_sort(array_agg((CAST(delivery_time AS BIGINT) - CAST(min_event_time AS BIGINT)) / 60000000)) AS minutes
  FROM log_files
  WHERE kind = 'log' AND delivery_time IS NOT NULL AND min_event_time IS NOT NULL AND is_in_window(min_event_time)
  GROUP BY account_id, region
)

SELECT
  strips.account,
  current_accounts.name AS account_name,
  strips.region,
  strips.days,
  strips.first_day,
  strips.hours,
  strips.complete,
  strips.verified,
  strips.holes,
  strips.first_holes || CASE WHEN more_holes > 0 THEN ', and ' || more_holes || ' more' ELSE '' END AS first_holes,
  minutes[(logs * 50 + 99) / 100] AS late_50_minutes,
  minutes[(logs * 99 + 99) / 100] AS late_99_minutes,
  minutes[logs] AS late_max_minutes
FROM strips
LEFT JOIN late_logs ON late_logs.account = strips.account AND late_logs.region = strips.region
LEFT JOIN current_accounts ON current_accounts.account = strips.account
ORDER BY strips.account, strips.region
