-- id: delivered_objects
-- title: Logs and digests that trails delivered or should have delivered
-- description: One row per log or digest in the ledger with an account and region, and per log that a digest lists and
--   the ledger lacks (state missing). trail is its ARN if known, else its name and home region; null for logs in no
--   digest. from_time and to_time: when it was delivered; for a digest, the time it covers. first_time and last_time
--   bound the events that a log may contain: by the digest, else by its events or the hour before delivery, whichever
--   reaches further. is_seen: a digest that shows what was delivered (read, signature not known to be bad, no
--   backfill). signed_from: its start if it is valid, a microsecond later if the chain begins anew with it. is_proven:
--   such a digest of which all listed logs are ingested and verified. broken_from, for a backfill digest with a broken
--   chain: end of the stored digest before it. lost_from and lost_to: EVENT time of what may be lost with an object
--   that is missing, archived, damaged, changed or not valid, or with the digests before it; null if nothing is.
-- internal: delivery_ranges reads logs and digests once, through it
-- depends: coverage_settings, delivered_digests, log_files, verified_files

WITH logs AS (
  SELECT
    log_files.state, log_files.account_id AS account, log_files.region,
    coalesce(log_files.organization_id, '') AS organization,
    log_files.delivery_time, log_files.min_event_time, log_files.max_event_time,
    CASE WHEN is_same_object(verified_files, log_files) THEN verified_files.status END AS status,
    log_key(log_files.location) AS key
  FROM log_files
  LEFT JOIN verified_files ON verified_files.location = log_files.location
  WHERE log_files.account_id IS NOT NULL AND log_files.region IS NOT NULL
    AND log_files.kind IN ('log', 'unknown')
    AND NOT is_digest_location(log_files.location)
),

namings AS (
  SELECT
    location AS digest, account, region, organization, trail, named['key'] AS key,
    named['oldest'] AS oldest, named['newest'] AS newest,
    named['delivered'] AS delivered,
    is_signed
  FROM (
    SELECT
      location, account, region, organization, trail, unnest(digest_logs(digest_content)) AS named,
      coalesce(status, '') IN ('valid', 'chain_start', 'chain_broken') AS is_signed
    FROM delivered_digests
    WHERE is_readable
  )
),

-- Digests and logs in one, so that each is read once; a log that two digests name stands here twice.
objects AS (
  SELECT
    'digest' AS kind, location AS digest, account, region, organization, trail, state, status,
    digest_from(delivered_digests) AS from_time,
    digest_to(delivered_digests) AS to_time,
    no_time() AS first_time,
    no_time() AS last_time,
    is_readable AND NOT is_backfill AS is_seen,
    CASE
      WHEN is_readable AND NOT is_backfill AND status IN ('valid', 'chain_start')
        THEN CASE WHEN is_restart THEN digest_start_time + INTERVAL '1 microsecond' ELSE digest_start_time END
    END AS signed_from,
    CASE WHEN is_backfill AND status = 'chain_broken' THEN previous_end_time END AS broken_from,
    -- What it names, or would have named, happened before it was delivered.
    CASE WHEN is_readable THEN broken_from ELSE digest_from(delivered_digests) END - delivery_delay AS lost_from,
    CASE WHEN is_readable THEN digest_start_time ELSE digest_to(delivered_digests) END AS lost_to,
    0 AS lacking
  FROM delivered_digests
  CROSS JOIN coverage_settings
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
    coalesce(
      namings.newest,
      greatest(logs.max_event_time, coalesce(logs.delivery_time, namings.delivered) + INTERVAL '59 seconds')
    ),
    false,
    no_time(),
    no_time(),
    -- Nobody answers for the times that a digest names before its signature was checked.
    CASE WHEN is_signed THEN NULL ELSE coalesce(logs.delivery_time, namings.delivered) - delivery_delay END,
    CASE WHEN is_signed THEN NULL ELSE coalesce(logs.delivery_time, namings.delivered) + INTERVAL '59 seconds' END,
    CASE WHEN logs.state = 'ok' AND logs.status = 'verified' THEN 0 ELSE 1 END
  FROM logs
  FULL OUTER JOIN namings ON namings.key = logs.key
  CROSS JOIN coverage_settings
)

SELECT
  kind, account, region, organization, trail, state, status, from_time, to_time, first_time, last_time, broken_from, is_seen,
  signed_from,
  signed_from IS NOT NULL AND sum(lacking) OVER (PARTITION BY digest) = 0 AS is_proven,
  CASE
    WHEN kind = 'digest' THEN lost_from
    WHEN state <> 'ok' OR status = 'hash_mismatch' THEN least(coalesce(first_time, from_time), lost_from)
  END AS lost_from,
  -- Times of events have whole seconds.
  CASE
    WHEN kind = 'digest' THEN lost_to
    WHEN state <> 'ok' OR status = 'hash_mismatch' THEN greatest(coalesce(last_time, to_time), lost_to) + INTERVAL '1 second'
  END AS lost_to
FROM objects
