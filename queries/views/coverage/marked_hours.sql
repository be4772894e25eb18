-- id: marked_hours
-- title: Facts about each hour of a stream
-- description: One row per stream of coverage_streams and hour (hours since 1970) from the first to the last of the logs,
--   with a column for each mark of delivery_ranges, id_conflicts, coverage_absences, kms_read_spans and trail_runs.
-- internal: coverage_by_trail decides the state of each hour from it
-- depends: coverage_absences, coverage_settings, coverage_streams, delivery_ranges, id_conflicts, kms_read_spans, log_hours, trail_runs

-- A mark for each range of hours, from the first to before the last.
WITH marks AS (
  SELECT account, region, organization, trail, 'stored' AS mark, first_hour AS from_hour, last_hour + 1 AS to_hour
  FROM coverage_streams
  CROSS JOIN log_hours
  UNION ALL
  SELECT
    account, region, organization, trail, mark,
    CASE
      -- An hour is delivered if deliveries go on from its beginning until its last events are in them.
      WHEN mark IN ('delivered', 'proven') THEN hour_from(from_time)
      -- Digests say what was delivered, also hours after it happened.
      WHEN mark IN ('invalid_digest', 'broken_backfill') THEN hour_of(from_time) - following_digests
      ELSE hour_of(from_time)
    END,
    CASE mark
      WHEN 'delivered' THEN hour_of(to_time - delivery_delay)
      WHEN 'proven' THEN hour_of(to_time) - following_digests
      ELSE hour_of(to_time) + 1
    END
  FROM delivery_ranges
  CROSS JOIN coverage_settings
  WHERE mark NOT IN ('stored', 'lost', 'signed')
  UNION ALL
  SELECT
    streams.account, streams.region, streams.organization, streams.trail, 'disputed_id',
    hour_of(conflicts.at),
    hour_of(conflicts.at) + 1
  FROM (
    SELECT recipient_account_id, region, first_time AS at FROM id_conflicts
    UNION
    SELECT recipient_account_id, region, last_time FROM id_conflicts
  ) AS conflicts
  JOIN coverage_streams AS streams
    ON streams.account = conflicts.recipient_account_id
    AND (conflicts.region IS NULL OR conflicts.region = streams.region)
  UNION ALL
  SELECT
    streams.account, streams.region, streams.organization, streams.trail, 'disabled',
    hour_from(disabled_at),
    last_hour + 1
  FROM coverage_streams AS streams
  CROSS JOIN log_hours
  JOIN coverage_absences
    ON coverage_absences.account = streams.account AND coverage_absences.region = streams.region
  WHERE disabled_at IS NOT NULL
  UNION ALL
  -- KMS reads show that reads were logged in an hour if they do of all of it.
  SELECT
    account, region, organization, trail, CASE kind WHEN 'proven' THEN 'proven_reads' ELSE 'reads' END,
    (from_us + 3599999999) / 3600000000, to_us / 3600000000
  FROM kms_read_spans
  UNION ALL
  SELECT
    account, region, organization, streams.trail, 'settled',
    hour_from(from_time), hour_of(to_time)
  FROM coverage_streams AS streams
  JOIN trail_runs ON trail_runs.trail = streams.trail AND kind = 'settled'
)

SELECT
  account, region, organization, trail, hour,
  bool_or(mark = 'delivered') AS is_delivered,
  bool_or(mark = 'proven') AS is_proven,
  bool_or(mark = 'archived') AS is_archived,
  bool_or(mark = 'damaged') AS is_damaged,
  bool_or(mark = 'missing') AS is_missing,
  bool_or(mark = 'changed') AS is_changed,
  bool_or(mark = 'disputed_id') AS is_disputed,
  bool_or(mark = 'invalid_digest') AS has_invalid_digest,
  bool_or(mark = 'broken_backfill') AS has_broken_backfill,
  bool_or(mark = 'disabled') AS is_disabled,
  bool_or(mark = 'reads') AS has_reads,
  bool_or(mark = 'proven_reads') AS has_proven_reads,
  bool_or(mark = 'settled') AS is_settled
FROM (
  SELECT
    account, region, organization, trail, mark,
    unnest(range(greatest(from_hour, first_hour), least(to_hour, last_hour + 1))) AS hour
  FROM marks
  CROSS JOIN log_hours
) AS hours_of_marks
GROUP BY account, region, organization, trail, hour
