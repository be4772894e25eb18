-- id: delivered_digests
-- title: The digests that trails delivered
-- description: One row per digest that the ledger holds under an account and region. trail is the ARN of the trail,
--   where it is known, else its name and home region. status is what verification found of these very bytes. is_readable marks one that
--   was read, and whose signature is not known to be bad. previous_end_time is the end of the one held before it in its
--   chain; backfill digests have a chain of their own.
-- depends: log_files, verified_files, known_trails

WITH judged AS (
  SELECT
    log_files.location, log_files.state, log_files.account_id AS account, log_files.region,
    coalesce(log_files.organization_id, '') AS organization,
    log_files.delivery_time, log_files.digest_start_time, log_files.digest_end_time, log_files.digest_content,
    -- What was found of other bytes tells nothing of these.
    CASE
      WHEN verified_files.size_bytes = log_files.size_bytes
        AND (verified_files.etag IS NOT DISTINCT FROM log_files.etag)
        AND (verified_files.modified_at IS NOT DISTINCT FROM log_files.modified_at)
        THEN verified_files.status
    END AS status,
    regexp_match(
      log_key(log_files.location), '_CloudTrail-Digest_[^_/]+_([^/]+)_([a-z0-9-]+)_[0-9]{8}T[0-9]{6}Z(_backfill)?[.]'
    ) AS parts
  FROM log_files
  LEFT JOIN verified_files ON verified_files.location = log_files.location
  WHERE log_files.account_id IS NOT NULL AND log_files.region IS NOT NULL
    AND (
      log_files.kind = 'digest'
      OR (
        is_digest_location(log_files.location)
        AND (log_files.kind IN ('log', 'unknown') OR (log_files.kind = 'other' AND log_files.state <> 'ok'))
      )
    )
),

organization_trails AS (
  SELECT name, home_region, max(trail_arn) AS trail_arn
  FROM known_trails
  WHERE (is_organization IS DISTINCT FROM false)
  GROUP BY name, home_region
)

SELECT
  judged.location,
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
  lag(digest_end_time) OVER (
    PARTITION BY account, region, organization, parts[1], parts[2], coalesce(parts[3], '')
    ORDER BY digest_end_time, judged.location
  ) AS previous_end_time
FROM judged
LEFT JOIN organization_trails
  ON organization_trails.name = parts[1] AND organization_trails.home_region = parts[2]
