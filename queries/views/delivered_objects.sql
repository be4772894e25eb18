-- id: delivered_objects
-- title: What trails delivered, and what they should have
-- description: One row per log or digest that the ledger holds under an account and region, and per log that a digest
--   names and the ledger lacks (state missing). trail is the ARN of the trail, where it is known, else
--   its name and home region; null of logs in no digest. from_time and to_time are when it was delivered; of a digest the time
--   that it covers. first_time and last_time bound the events that a log may hold: what the digest says, and without
--   a digest the times of its events, or the hour before its delivery, whichever reach further. is_seen marks
--   a digest that tells what was delivered: it was read, its signature is not known to be bad, and it
--   is no backfill. is_proven marks one that is valid, and all logs that it names are ingested and verified.
--   broken_from is set of a backfill digest whose chain is broken: the end of the one held before it; what was
--   between them is gone, and nothing else tells what it named.
-- depends: delivered_digests, log_files, verified_files

WITH logs AS (
  SELECT
    log_files.state, log_files.account_id AS account, log_files.region,
    coalesce(log_files.organization_id, '') AS organization,
    log_files.delivery_time, log_files.min_event_time, log_files.max_event_time,
    -- What was found of other bytes tells nothing of these.
    CASE
      WHEN verified_files.size_bytes = log_files.size_bytes
        AND (verified_files.etag IS NOT DISTINCT FROM log_files.etag)
        AND (verified_files.modified_at IS NOT DISTINCT FROM log_files.modified_at)
        THEN verified_files.status
    END AS status,
    log_key(log_files.location) AS key
  FROM log_files
  LEFT JOIN verified_files ON verified_files.location = log_files.location
  WHERE log_files.account_id IS NOT NULL AND log_files.region IS NOT NULL
    AND (log_files.kind IN ('log', 'unknown') OR (log_files.kind = 'other' AND log_files.state <> 'ok'))
    AND NOT is_digest_location(log_files.location)
),

namings AS (
  SELECT
    location AS digest, account, region, organization, trail, named['key'] AS key,
    named['oldest'] AS oldest, named['newest'] AS newest,
    named['delivered'] AS delivered
  FROM (
    SELECT location, account, region, organization, trail, unnest(digest_logs(digest_content)) AS named
    FROM delivered_digests
    WHERE is_readable
  )
),

-- Digests and logs in one, so that each is read once; a log that two digests name stands here twice.
objects AS (
  SELECT
    'digest' AS kind, location AS digest, account, region, organization, trail, state, status,
    coalesce(digest_start_time, delivery_time - INTERVAL '1 hour') AS from_time,
    coalesce(digest_end_time, delivery_time) AS to_time,
    arrow_cast(NULL, 'Timestamp(Microsecond, Some("UTC"))') AS first_time,
    arrow_cast(NULL, 'Timestamp(Microsecond, Some("UTC"))') AS last_time,
    is_readable AND NOT is_backfill AS is_seen,
    CASE WHEN is_backfill AND status = 'chain_broken' THEN previous_end_time END AS broken_from,
    0 AS lacking
  FROM delivered_digests
  UNION ALL
  SELECT
    'log',
    namings.digest,
    coalesce(logs.account, namings.account),
    coalesce(logs.region, namings.region),
    coalesce(logs.organization, namings.organization),
    namings.trail,
    coalesce(logs.state, 'missing'),
    logs.status,
    coalesce(logs.delivery_time, namings.delivered, logs.max_event_time),
    coalesce(logs.delivery_time, namings.delivered, logs.max_event_time),
    coalesce(
      namings.oldest, least(logs.min_event_time, coalesce(logs.delivery_time, namings.delivered) - INTERVAL '1 hour')
    ),
    coalesce(namings.newest, greatest(logs.max_event_time, logs.delivery_time, namings.delivered)),
    false,
    arrow_cast(NULL, 'Timestamp(Microsecond, Some("UTC"))'),
    CASE WHEN logs.state = 'ok' AND logs.status = 'verified' THEN 0 ELSE 1 END
  FROM logs
  FULL OUTER JOIN namings ON namings.key = logs.key
)

SELECT
  kind, account, region, organization, trail, state, status, from_time, to_time, first_time, last_time, broken_from, is_seen,
  is_seen AND coalesce(status, '') IN ('valid', 'chain_start') AND sum(lacking) OVER (PARTITION BY digest) = 0 AS is_proven
FROM objects
