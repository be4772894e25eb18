-- id: unrecorded_changes
-- title: Periods in which changes to a trail may not be logged
-- description: One row per trail, account, region, kind and period in which the selectors of the trail leave out the
--   calls that change trails and regions, or may have, and no other trail is known to deliver them there. A period runs
--   from a change or description with such selectors to the next, and before a description back to the previous one.
--   Kinds are those of unbroken_logs: what is not proven ends no period of kind proven or settled.
-- internal: trail_runs and coverage_absences read it
-- depends: delivery_ranges, known_trails, trail_changes
-- kept: trail_runs and coverage_absences read it, and most trails log all changes

WITH kinds AS (
  SELECT kind, CASE kind WHEN 'delivered' THEN 'delivered' ELSE 'signed' END AS mark
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

points_by_kind AS (
  SELECT
    trail_arn, kind, mark, at, is_description, is_recording,
    lag(at) OVER in_order AS last_at,
    lead(at) OVER in_order AS next_at,
    coalesce(lead(is_description) OVER in_order AND NOT lead(is_recording) OVER in_order, false) AS is_contradicted
  FROM points
  CROSS JOIN kinds
  WHERE NOT (is_recording AND (is_changed OR (kind <> 'delivered' AND NOT is_verified)))
  WINDOW in_order AS (PARTITION BY trail_arn, kind ORDER BY at, is_recording DESC)
),

-- The accounts and regions of whose logs something is held.
stored_regions AS (
  SELECT DISTINCT account, region
  FROM delivery_ranges
  WHERE mark = 'stored'
),

silences AS (
  SELECT trail_arn, kind, range['from_time'] AS from_time, range['to_time'] AS to_time
  FROM (
    SELECT
      trail_arn, kind,
      unnest(linked_ranges(
        array_agg(CAST(CASE WHEN is_description THEN coalesce(last_at, log_begin()) ELSE at END AS BIGINT)),
        array_agg(CAST(coalesce(next_at, log_end()) AS BIGINT)),
        0
      )) AS range
    FROM points_by_kind
    WHERE NOT is_recording
    GROUP BY trail_arn, kind
  ) AS silent
),

silent_places AS (
  SELECT silences.trail_arn, stored_regions.account, stored_regions.region, silences.kind, silences.from_time, silences.to_time
  FROM silences
  JOIN known_trails ON known_trails.trail_arn = silences.trail_arn
  JOIN stored_regions
    ON may_deliver(known_trails, stored_regions.account, stored_regions.region)
),

-- What other trails deliver while they are known to log changes.
recorded_by_others AS (
  SELECT
    silent_places.trail_arn, silent_places.account, silent_places.region, silent_places.kind,
    unnest(linked_ranges(
      array_agg(CAST(greatest(silent_places.from_time, others.at, delivered.from_time) AS BIGINT)),
      array_agg(CAST(least(silent_places.to_time, coalesce(others.next_at, delivered.to_time), delivered.to_time) AS BIGINT)),
      0
    )) AS range
  FROM silent_places
  JOIN points_by_kind AS others
    ON others.kind = silent_places.kind AND others.trail_arn <> silent_places.trail_arn
    AND others.is_recording AND NOT others.is_contradicted
  JOIN delivery_ranges AS delivered
    ON delivered.trail = others.trail_arn AND delivered.account = silent_places.account
    AND delivered.region = silent_places.region AND delivered.mark = others.mark
  WHERE greatest(silent_places.from_time, others.at, delivered.from_time)
    < least(silent_places.to_time, coalesce(others.next_at, delivered.to_time), delivered.to_time)
  GROUP BY silent_places.trail_arn, silent_places.account, silent_places.region, silent_places.kind
)

SELECT trail_arn, account, region, kind, level['from_time'] AS from_time, level['to_time'] AS to_time
FROM (
  SELECT trail_arn, account, region, kind, unnest(levels(from_time, to_time, lacking)) AS level
  FROM (
    SELECT trail_arn, account, region, kind, from_time, to_time, 1 AS lacking
    FROM silent_places
    UNION ALL
    SELECT trail_arn, account, region, kind, range['from_time'] AS from_time, range['to_time'] AS to_time, -1 AS lacking
    FROM recorded_by_others
  ) AS ranges
  GROUP BY trail_arn, account, region, kind
) AS leveled
WHERE level['level'] > 0
