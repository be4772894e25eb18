-- id: trail_runs
-- title: Periods in which no change to a trail can be missing
-- description: One row per trail, kind and period in which all logs that would show a change to the trail are in the
--   store (unbroken_logs): those of the account and region that own it, and of delegated administrators of the
--   organization since one is known. A trail that is not logging delivers no changes either, so a period ends with a
--   stop; if the first thing it shows is that logging began, it begins there, because the stop may be lost. No period
--   begins before the retention horizon, since changes from before may be deleted, or in logs of a trail whose
--   selectors leave changes out. trail is its ARN; for a stream whose trail is not known, its name with the
--   organization or account, and then all logs that could be of its home region must be in the store.
-- internal: trail_hours and coverage_by_trail know settings only within these periods
-- depends: coverage_settings, delivery_ranges, known_trails, read_objects, trail_changes, trail_logging, unbroken_logs,
--   unrecorded_changes
-- kept: trail_hours and coverage_by_trail read it, and they are few

WITH -- Digests name trails that nothing else tells of.
homes AS (
  SELECT trail_arn, account, home_region, is_organization IS DISTINCT FROM false AS is_organization
  FROM known_trails
  UNION ALL
  SELECT DISTINCT trail AS trail_arn, arn_part(trail, 5) AS account, arn_part(trail, 4) AS home_region, false AS is_organization
  FROM delivery_ranges
  WHERE mark = 'stored' AND trail LIKE 'arn:%' AND trail NOT IN (SELECT trail_arn FROM known_trails)
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
      AND object_id NOT IN (SELECT object_id FROM read_objects WHERE is_changed)
  ) AS ended ON ended.account = json_text(request, '/memberAccountId') AND ended.at >= event_time
  WHERE event_source = 'cloudtrail.amazonaws.com' AND event_name = 'RegisterOrganizationDelegatedAdmin' AND outcome = 'success'
  GROUP BY json_text(request, '/memberAccountId'), event_time
),

-- Streams whose trail nobody knows. Of one that digests name, the region is known.
nameless AS (
  SELECT DISTINCT
    trail || ' ' || CASE organization WHEN '' THEN account ELSE organization END AS trail,
    CASE organization WHEN '' THEN account END AS account,
    organization,
    nullif(split_part(trail, ' in ', 2), '') AS region
  FROM delivery_ranges
  WHERE mark = 'stored' AND trail NOT LIKE 'arn:%'
),

-- The accounts in whose logs a change of a trail would stand, from the beginning where nobody tells from when on.
writers AS (
  SELECT trail_arn, account, home_region AS region, log_begin() AS from_time, log_end() AS to_time, true AS is_named
  FROM homes
  UNION
  SELECT
    homes.trail_arn, administrators.account, homes.home_region AS region,
    administrators.from_time, coalesce(administrators.to_time, log_end()) AS to_time, true AS is_named
  FROM homes
  CROSS JOIN administrators
  WHERE homes.is_organization AND administrators.account <> homes.account
  UNION
  SELECT
    changes.trail_arn, changes.account, arn_part(changes.trail_arn, 4) AS region, log_begin() AS from_time, log_end() AS to_time,
    true AS is_named
  FROM trail_changes AS changes
  WHERE changes.account <> arn_part(changes.trail_arn, 5)
    AND changes.account NOT IN (SELECT account FROM administrators WHERE account IS NOT NULL)
  UNION
  -- Any account and region may be their home.
  SELECT nameless.trail AS trail_arn, places.account, places.region, log_begin() AS from_time, log_end() AS to_time, false AS is_named
  FROM nameless
  JOIN delivery_ranges AS places
    ON places.organization = nameless.organization AND places.mark = 'stored'
    AND (nameless.account IS NULL OR places.account = nameless.account)
    AND (nameless.region IS NULL OR places.region = nameless.region)
),

kinds AS (
  SELECT unnest(make_array('delivered', 'proven', 'settled')) AS kind
),

-- How many of the logs that a change could stand in are lacking, and when.
lacking_logs AS (
  SELECT trail_arn AS trail, kind, from_time, to_time, 1 AS lacking
  FROM writers
  CROSS JOIN kinds
  WHERE is_named OR kind = 'delivered'
  UNION ALL
  -- A change from before the horizon may be given up.
  SELECT trail_arn AS trail, kind, log_begin() AS from_time, retention_horizon('kms_events') AS to_time, 1 AS lacking
  FROM (SELECT DISTINCT trail_arn, is_named FROM writers) AS written
  CROSS JOIN kinds
  WHERE (is_named OR kind = 'delivered') AND retention_horizon('kms_events') > log_begin()
  UNION ALL
  SELECT
    trail_arn AS trail, kind, greatest(held.from_time, writers.from_time) AS from_time,
    least(held.to_time, writers.to_time) AS to_time, -1 AS lacking
  FROM writers
  JOIN unbroken_logs AS held ON held.account = writers.account AND held.region = writers.region
  WHERE greatest(held.from_time, writers.from_time) < least(held.to_time, writers.to_time)
    AND (is_named OR kind = 'delivered')
  UNION ALL
  SELECT
    trail_arn AS trail, kind, at AS from_time, coalesce(greatest(next_at, at + INTERVAL '1 second'), log_end()) AS to_time,
    1 AS lacking
  FROM trail_logging
  CROSS JOIN kinds
  WHERE is_silent
  UNION ALL
  SELECT
    writers.trail_arn AS trail, kind, greatest(silent.from_time, writers.from_time) AS from_time,
    least(silent.to_time, writers.to_time) AS to_time, 1 AS lacking
  FROM writers
  JOIN unrecorded_changes AS silent
    ON silent.trail_arn = writers.trail_arn AND silent.account = writers.account AND silent.region = writers.region
  WHERE greatest(silent.from_time, writers.from_time) < least(silent.to_time, writers.to_time)
),

stretches AS (
  SELECT trail, kind, level['from_time'] AS from_time, level['to_time'] AS to_time
  FROM (
    SELECT trail, kind, unnest(levels(from_time, to_time, lacking)) AS level
    FROM lacking_logs
    GROUP BY trail, kind
  ) AS leveled
  WHERE level['level'] = 0
),

-- While deliveries go on, a stop that is lost cannot have lasted longer.
begun AS (
  SELECT
    stretches.trail, stretches.kind, stretches.from_time, stretches.to_time,
    CASE
      WHEN first_value(is_start ORDER BY at, is_logging)
        THEN least(min(at), stretches.from_time + max(delivery_gap) + max(delivery_gap) + max(delivery_gap))
    END AS begun_at
  FROM stretches
  CROSS JOIN coverage_settings
  LEFT JOIN trail_logging
    ON trail_logging.trail_arn = stretches.trail AND at BETWEEN stretches.from_time AND stretches.to_time
  GROUP BY stretches.trail, stretches.kind, stretches.from_time, stretches.to_time
)

SELECT trail, kind, coalesce(begun_at, from_time) AS from_time, to_time
FROM begun
WHERE coalesce(begun_at, from_time) < to_time
