-- id: trail_logging
-- title: Starts and stops of trails
-- description: One row per trail and time at which it is known whether it was logging, by a call in the logs or a
--   description (`keytrail trails`); next_at is the next of them. is_start: before it the trail was not logging, or may
--   not have been. is_silent: after it no log of the trail shows changes to the trail.
-- internal: trail_runs and trail_hours read it
-- depends: trail_changes
-- kept: trail_runs and trail_hours read it, and they are few

WITH points AS (
  SELECT
    trail_arn, changed_at AS at, is_logging,
    event_name IN ('StartLogging', 'CreateTrail') AS is_start,
    -- What delivered a CreateTrail delivers also what followed it: this trail did not log yet.
    NOT is_logging AND event_name <> 'CreateTrail' AS is_silent
  FROM trail_changes
  WHERE is_logging IS NOT NULL AND trail_arn IS NOT NULL
    -- A log that was changed may say falsely that a stop ended.
    AND NOT (is_logging AND is_changed)
  UNION ALL
  SELECT trail_arn, taken_at AS at, is_logging, false AS is_start, NOT is_logging AS is_silent
  FROM trails
  WHERE is_logging IS NOT NULL
  UNION ALL
  SELECT trail_arn, logging_changed_at AS at, is_logging, is_logging AS is_start, NOT is_logging AS is_silent
  FROM trails
  WHERE is_logging IS NOT NULL AND logging_changed_at IS NOT NULL
  UNION ALL
  -- A trail that logs again tells when it stopped.
  SELECT trail_arn, stopped_at AS at, false AS is_logging, false AS is_start, true AS is_silent
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
)

SELECT
  trail_arn, at, is_logging, is_start, is_silent,
  lead(at) OVER (PARTITION BY trail_arn ORDER BY at, is_logging) AS next_at
FROM points
