-- id: unrecorded_changes
-- title: Periods in which changes to a trail may not be logged
-- description: One row per trail, account, region, kind and period in which the selectors of the trail leave out the
--   calls that change trails and regions, or may have, and no other trail is known to deliver them there. A period runs
--   from a change or description with such selectors to the next, and before a description back to the previous one.
--   Kinds are those of unbroken_logs: what is not proven ends no period of kind proven or settled.
-- internal: trail_runs and coverage_absences read it
-- depends: delivery_ranges, known_trails, trail_changes
-- kept: trail_runs and coverage_absences read it, and most trails log all changes

WITH ends AS (
  SELECT
    arrow_cast('2013-11-01T00:00:00Z', 'Timestamp(Microsecond, Some("UTC"))') AS first_time,
    arrow_cast('2200-01-01T00:00:00Z', 'Timestamp(Microsecond, Some("UTC"))') AS last_time
),

kinds AS (
  SELECT kind, CASE kind WHEN 'delivered' THEN 1 ELSE 2048 END AS flag
  FROM (SELECT unnest(make_array('delivered', 'proven', 'settled')) AS kind) AS named
),

points AS (
  SELECT
    trail_arn, taken_at AS at, true AS is_description, true AS is_verified, false AS is_changed,
    coalesce(
      logs_writes(selectors, 'cloudtrail.amazonaws.com') AND logs_writes(selectors, 'account.amazonaws.com'), false
    ) AS is_recording
  FROM trails
  WHERE selectors IS NOT NULL
  UNION ALL
  SELECT trail_arn, changed_at AS at, false AS is_description, is_verified, is_changed, is_recording
  FROM trail_changes
  WHERE is_recording IS NOT NULL AND trail_arn IS NOT NULL
),

placed AS (
  SELECT
    trail_arn, kind, flag, at, is_description, is_recording,
    lag(at) OVER in_order AS last_at,
    lead(at) OVER in_order AS next_at,
    coalesce(lead(is_description) OVER in_order AND NOT lead(is_recording) OVER in_order, false) AS is_contradicted
  FROM points
  CROSS JOIN kinds
  WHERE NOT (is_recording AND (is_changed OR (kind <> 'delivered' AND NOT is_verified)))
  WINDOW in_order AS (PARTITION BY trail_arn, kind ORDER BY at, is_recording DESC)
),

-- The accounts and regions of whose logs something is held.
places AS (
  SELECT DISTINCT account, region
  FROM delivery_ranges
  WHERE flag = 0
),

silences AS (
  SELECT trail_arn, kind, range['from_time'] AS from_time, range['to_time'] AS to_time
  FROM (
    SELECT
      trail_arn, kind,
      unnest(linked_ranges(
        array_agg(CAST(CASE WHEN is_description THEN coalesce(last_at, first_time) ELSE at END AS BIGINT)),
        array_agg(CAST(coalesce(next_at, last_time) AS BIGINT)),
        0
      )) AS range
    FROM placed
    CROSS JOIN ends
    WHERE NOT is_recording
    GROUP BY trail_arn, kind
  ) AS silent
),

silent_places AS (
  SELECT silences.trail_arn, places.account, places.region, silences.kind, silences.from_time, silences.to_time
  FROM silences
  JOIN known_trails ON known_trails.trail_arn = silences.trail_arn
  JOIN places
    ON (known_trails.account = places.account OR (known_trails.is_organization IS DISTINCT FROM false))
    AND (known_trails.home_region = places.region OR (known_trails.is_multi_region IS DISTINCT FROM false))
),

-- What other trails deliver while they are known to log changes.
recorded AS (
  SELECT
    silent_places.trail_arn, silent_places.account, silent_places.region, silent_places.kind,
    unnest(linked_ranges(
      array_agg(CAST(greatest(silent_places.from_time, others.at, delivered.from_time) AS BIGINT)),
      array_agg(CAST(least(silent_places.to_time, coalesce(others.next_at, delivered.to_time), delivered.to_time) AS BIGINT)),
      0
    )) AS range
  FROM silent_places
  JOIN placed AS others
    ON others.kind = silent_places.kind AND others.trail_arn <> silent_places.trail_arn
    AND others.is_recording AND NOT others.is_contradicted
  JOIN delivery_ranges AS delivered
    ON delivered.trail = others.trail_arn AND delivered.account = silent_places.account
    AND delivered.region = silent_places.region AND delivered.flag = others.flag
  WHERE greatest(silent_places.from_time, others.at, delivered.from_time)
    < least(silent_places.to_time, coalesce(others.next_at, delivered.to_time), delivered.to_time)
  GROUP BY silent_places.trail_arn, silent_places.account, silent_places.region, silent_places.kind
),

edges AS (
  SELECT trail_arn, account, region, kind, at, sum(lacking) AS lacking
  FROM (
    SELECT
      trail_arn, account, region, kind, unnest(make_array(from_time, to_time)) AS at, unnest(make_array(1, -1)) AS lacking
    FROM silent_places
    UNION ALL
    SELECT
      trail_arn, account, region, kind,
      unnest(make_array(range['from_time'], range['to_time'])) AS at, unnest(make_array(-1, 1)) AS lacking
    FROM recorded
  ) AS each_of_them
  GROUP BY trail_arn, account, region, kind, at
  HAVING sum(lacking) <> 0
)

SELECT trail_arn, account, region, kind, at AS from_time, next_at AS to_time
FROM (
  SELECT
    trail_arn, account, region, kind, at,
    lead(at) OVER so_far AS next_at,
    sum(lacking) OVER so_far AS lacking
  FROM edges
  WINDOW so_far AS (
    PARTITION BY trail_arn, account, region, kind ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
) AS stretched
WHERE lacking > 0 AND next_at IS NOT NULL
