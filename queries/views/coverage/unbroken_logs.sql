-- id: unbroken_logs
-- title: Periods in which no event can be missing from the logs
-- description: One row per account, region, kind and period of EVENT time. Kind delivered: deliveries go on, and
--   nothing in them is known to be missing, unreadable or changed. proven: the same, by digests that are valid without
--   a break. settled: these digests go on for following_digests more, so that late deliveries are in them, even if logs
--   that they list are lost.
-- internal: trail_runs and coverage_absences read it
-- depends: coverage_settings, delivery_ranges
-- kept: trail_runs and coverage_absences read it, and it is small compared with the ledger

WITH stored_ranges AS (
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
            CASE mark
              WHEN 'delivered' THEN make_array(
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
        WHERE mark IN ('delivered', 'signed')
      ) AS parted
    ) AS told
    WHERE from_us < to_us
    GROUP BY account, region, kind
  ) AS listed
)

SELECT account, region, kind, level['from_time'] AS from_time, level['to_time'] AS to_time
FROM (
  SELECT account, region, kind, unnest(levels(from_time, to_time, weight)) AS level
  FROM (
    SELECT account, region, kind, range['from_time'] AS from_time, range['to_time'] AS to_time, 1 AS weight
    FROM stored_ranges
    UNION ALL
    -- What is stored counts only where nothing is lost.
    SELECT account, region, unnest(make_array('delivered', 'proven')) AS kind, from_time, to_time, -2 AS weight
    FROM delivery_ranges
    WHERE mark = 'lost'
  ) AS ranges
  GROUP BY account, region, kind
) AS leveled
WHERE level['level'] = 1
