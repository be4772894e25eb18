-- id: unbroken_logs
-- title: Periods in which no event can be missing from the logs
-- description: One row per account, region, kind and period of EVENT time. Kind delivered: deliveries go on, and
--   nothing in them is known to be missing, unreadable or changed. proven: the same, by digests that are valid without
--   a break. settled: these digests go on for following_digests more, so that late deliveries are in them, even if logs
--   that they list are lost.
-- internal: trail_runs and coverage_absences read it
-- depends: coverage_settings, delivery_ranges
-- kept: trail_runs and coverage_absences read it, and it is small compared with the ledger

WITH held AS (
  SELECT account, region, kind, unnest(linked_ranges(from_times, to_times, 0)) AS range
  FROM (
    SELECT account, region, kind, array_agg(from_us) AS from_times, array_agg(to_us) AS to_times
    FROM (
      SELECT
        account, region, part['kind'] AS kind, from_us, part['to_us'] AS to_us
      FROM (
        SELECT
          account, region, CAST(from_time AS BIGINT) AS from_us,
          unnest(
            CASE flag
              WHEN 1 THEN make_array(
                named_struct('kind', 'delivered', 'to_us', CAST(to_time - delivery_delay AS BIGINT))
              )
              ELSE make_array(
                named_struct('kind', 'proven', 'to_us', CAST(to_time AS BIGINT)),
                named_struct('kind', 'settled', 'to_us', CAST(to_time AS BIGINT) - following_digests * 3600000000)
              )
            END
          ) AS part
        FROM delivery_ranges
        CROSS JOIN coverage_settings
        WHERE flag IN (1, 2048)
      ) AS parted
    ) AS told
    WHERE from_us < to_us
    GROUP BY account, region, kind
  ) AS listed
),

edges AS (
  SELECT account, region, kind, at, sum(held) AS held, sum(lost) AS lost
  FROM (
    SELECT
      account, region, kind,
      unnest(make_array(range['from_time'], range['to_time'])) AS at, unnest(make_array(1, -1)) AS held, 0 AS lost
    FROM held
    UNION ALL
    SELECT
      account, region, unnest(make_array('delivered', 'delivered', 'proven', 'proven')) AS kind,
      unnest(make_array(from_time, to_time, from_time, to_time)) AS at, 0 AS held, unnest(make_array(1, -1, 1, -1)) AS lost
    FROM delivery_ranges
    WHERE flag = 1024
  ) AS each_of_them
  GROUP BY account, region, kind, at
  HAVING sum(held) <> 0 OR sum(lost) <> 0
)

SELECT account, region, kind, at AS from_time, next_at AS to_time
FROM (
  SELECT
    account, region, kind, at,
    lead(at) OVER so_far AS next_at,
    sum(held) OVER so_far AS held,
    sum(lost) OVER so_far AS lost
  FROM edges
  WINDOW so_far AS (PARTITION BY account, region, kind ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
) AS stretched
WHERE held = 1 AND lost = 0 AND next_at IS NOT NULL
