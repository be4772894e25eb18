-- id: delivered_digests
-- title: Digests that trails delivered
-- description: One row per digest in the ledger with an account and region. trail is its ARN if known, else its name
--   and home region. status is what verification found for these bytes. is_readable: it was read, and its signature is
--   not known to be bad. previous_end_time: end of the stored digest before it in its chain; backfill digests have a
--   chain of their own. broken_from is set if a digest before it is lost: only the lost one may list what was delivered
--   since then. is_restart: it names no digest before it though the ledger has one, because the trail did not log or
--   write digests for a while.
-- internal: delivered_objects and delivery_ranges read the digests once, through it
-- depends: log_files, verified_files, known_trails

WITH digests AS (
  SELECT
    log_files.location, log_files.state, log_files.account_id AS account, log_files.region,
    coalesce(log_files.organization_id, '') AS organization,
    log_files.delivery_time, log_files.digest_start_time, log_files.digest_end_time, log_files.digest_content,
    CASE WHEN is_same_object(verified_files, log_files) THEN verified_files.status END AS status,
    regexp_match(
      log_key(log_files.location), '_CloudTrail-Digest_[^_/]+_([^/]+)_([a-z0-9-]+)_[0-9]{8}T[0-9]{6}Z(_backfill)?[.]'
    ) AS parts
  FROM log_files
  LEFT JOIN verified_files ON verified_files.location = log_files.location
  WHERE log_files.account_id IS NOT NULL AND log_files.region IS NOT NULL
    AND (
      log_files.kind = 'digest'
      OR (is_digest_location(log_files.location) AND log_files.kind IN ('log', 'unknown'))
    )
),

-- Where several trails of this name may be the organization's, none is taken for it.
organization_trails AS (
  SELECT
    name, home_region,
    CASE
      WHEN count(*) FILTER (WHERE is_organization) = 1 THEN max(trail_arn) FILTER (WHERE is_organization)
      WHEN count(*) = 1 THEN max(trail_arn)
    END AS trail_arn
  FROM known_trails
  WHERE (is_organization IS DISTINCT FROM false)
  GROUP BY name, home_region
),

digests_in_chain AS (
  SELECT
    digests.location,
    account,
    region,
    organization,
    CASE
      WHEN parts IS NULL THEN 'unknown'
      WHEN organization = ''
        THEN 'arn:aws'
          || CASE WHEN parts[2] LIKE 'cn-%' THEN '-cn' WHEN parts[2] LIKE 'us-gov-%' THEN '-us-gov' ELSE '' END
          || ':cloudtrail:' || parts[2] || ':' || account || ':trail/' || parts[1]
      ELSE coalesce(organization_trails.trail_arn, parts[1] || ' of ' || organization || ' in ' || parts[2])
    END AS trail,
    state,
    status,
    delivery_time,
    digest_start_time,
    digest_end_time,
    digest_content,
    coalesce(parts[3], '') <> '' AS is_backfill,
    state = 'ok' AND digest_start_time IS NOT NULL AND digest_end_time IS NOT NULL
      AND coalesce(status, '') NOT IN ('bad_signature', 'unknown_key') AS is_readable,
    lag(digest_start_time) OVER chain AS previous_start_time,
    lag(digest_end_time) OVER chain AS previous_end_time
  FROM digests
  LEFT JOIN organization_trails
    ON organization_trails.name = parts[1] AND organization_trails.home_region = parts[2]
  WINDOW chain AS (
    PARTITION BY account, region, organization, parts[1], parts[2], coalesce(parts[3], '')
    ORDER BY digest_end_time, digests.location
  )
)

SELECT
  location, account, region, organization, trail, state, status, delivery_time, digest_start_time, digest_end_time, digest_content,
  is_backfill, is_readable, previous_end_time,
  CASE
    -- Next to each other, and it names another one: then the one before it is not what was written.
    WHEN status = 'chain_broken' AND previous_end_time >= digest_start_time THEN previous_start_time
    WHEN status = 'chain_broken' THEN coalesce(previous_end_time, digest_start_time - INTERVAL '1 hour')
    WHEN status IS NULL AND NOT is_backfill AND digest_start_time > previous_end_time + INTERVAL '2 seconds'
      AND json_text(digest_content, '/previousDigestS3Object') IS NOT NULL
      THEN previous_end_time
  END AS broken_from,
  CASE
    WHEN status = 'chain_start' AND previous_end_time IS NOT NULL
      THEN json_text(digest_content, '/previousDigestS3Object') IS NULL
    ELSE false
  END AS is_restart
FROM digests_in_chain
