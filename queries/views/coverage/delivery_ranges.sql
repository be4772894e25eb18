-- id: delivery_ranges
-- title: Periods of delivery by trail, and what is wrong in them
-- description: One row per account, region, organization, trail and flag, from from_time to to_time. Flag 0: the store
--   has something from then. 1: deliveries go on, without a break in the digests, and without more than delivery_gap
--   between logs that no digest lists. 2: the digests are proven without a break. Of EVENT time, where objects may
--   contain events from then: 4 archived, 8 damaged or rejected, 16 listed by a digest and not in the store, 32 with
--   another hash than in the digest. 128: time covered by digests, backfill ones too, that cannot be read or are not
--   valid. 512: for a backfill digest with a broken chain, the time since the stored one before it. 1024, of EVENT
--   time: an event may be lost through any of these, or with a lost digest, and nothing else shows it. 2048: digests
--   are valid without a break, even if logs that they list are lost. trail is `unknown` for logs of an account and
--   region without digests.
-- internal: every other coverage view is based on these periods
-- depends: coverage_settings, delivered_digests, delivered_objects
-- kept: the view coverage reads it several times, and it is small compared with the ledger

WITH digest_trails AS (
  SELECT account, region, organization, min(trail) AS first_trail, max(trail) AS last_trail
  FROM delivered_digests
  GROUP BY account, region, organization
),

-- A log that no digest names may be any trail's; where there are more than two, two of them get the benefit of it.
attributed AS (
  SELECT
    objects.account, objects.region, objects.organization, kind, state, status, from_time, first_time, last_time, broken_from, is_proven,
    signed_from, lost_from, lost_to,
    -- Adjacent digests leave two seconds between them, so that one that is missing leaves more than an hour.
    CASE WHEN kind = 'digest' THEN to_time - INTERVAL '2 seconds' ELSE to_time END AS to_time,
    from_time IS NOT NULL AND (is_seen OR (kind = 'log' AND state <> 'missing') OR state = 'archived') AS is_link,
    CASE
      WHEN trail IS NOT NULL THEN make_array(trail)
      WHEN first_trail IS NULL THEN make_array('unknown')
      WHEN first_trail = last_trail THEN make_array(first_trail)
      ELSE make_array(first_trail, last_trail)
    END AS trails
  FROM delivered_objects AS objects
  LEFT JOIN digest_trails
    ON digest_trails.account = objects.account AND digest_trails.region = objects.region
    AND digest_trails.organization = objects.organization
),

deliveries AS (
  SELECT
    account, region, organization, kind, state, status, from_time, to_time, first_time, last_time, broken_from, is_proven, is_link,
    signed_from, lost_from, lost_to,
    unnest(trails) AS trail
  FROM attributed
),

-- What each delivery adds to: in one pass, since everything before is much to compute.
parts AS (
  SELECT
    account, region, organization, trail,
    unnest(make_array(
      named_struct('flag', 0, 'from_time', from_time, 'to_time', to_time),
      named_struct('flag', CASE WHEN is_link THEN 1 END, 'from_time', from_time, 'to_time', to_time),
      named_struct(
        'flag', CASE WHEN is_proven THEN 2 END, 'from_time', signed_from, 'to_time', to_time + INTERVAL '2 seconds'
      ),
      named_struct(
        'flag', CASE WHEN signed_from IS NOT NULL THEN 2048 END, 'from_time', signed_from, 'to_time', to_time + INTERVAL '2 seconds'
      ),
      named_struct(
        'flag',
        CASE
          WHEN state = 'archived' THEN 4
          WHEN kind = 'digest' THEN NULL
          WHEN state = 'missing' THEN 16
          WHEN status = 'hash_mismatch' THEN 32
          WHEN state <> 'ok' THEN 8
        END,
        'from_time', coalesce(first_time, from_time),
        'to_time', coalesce(last_time, to_time)
      ),
      named_struct(
        'flag',
        CASE
          WHEN kind = 'digest' AND (state NOT IN ('ok', 'archived') OR status IN ('bad_signature', 'unknown_key', 'chain_broken'))
            THEN 128
        END,
        'from_time', from_time, 'to_time', to_time
      ),
      named_struct('flag', CASE WHEN broken_from IS NOT NULL THEN 512 END, 'from_time', broken_from, 'to_time', to_time),
      named_struct('flag', CASE WHEN lost_from < lost_to THEN 1024 END, 'from_time', lost_from, 'to_time', lost_to)
    )) AS part
  FROM deliveries
),

flagged AS (
  SELECT
    account, region, organization, trail, part['flag'] AS flag,
    array_agg(CAST(part['from_time'] AS BIGINT)) AS from_times,
    array_agg(CAST(part['to_time'] AS BIGINT)) AS to_times
  FROM parts
  WHERE part['flag'] IS NOT NULL
  GROUP BY account, region, organization, trail, part['flag']
),

linked AS (
  SELECT
    account, region, organization, trail, flag,
    unnest(linked_ranges(
      from_times, to_times,
      CASE flag
        WHEN 0 THEN NULL
        WHEN 1 THEN CAST(arrow_cast(0, 'Timestamp(Microsecond, Some("UTC"))') + delivery_gap AS BIGINT)
        WHEN 2 THEN 0
        WHEN 2048 THEN 0
        -- What is known for a moment between two losses is of no use.
        WHEN 1024 THEN CAST(arrow_cast(0, 'Timestamp(Microsecond, Some("UTC"))') + delivery_delay AS BIGINT)
        -- What is wrong stays apart.
        ELSE -1
      END
    )) AS range
  FROM flagged
  CROSS JOIN coverage_settings
)

SELECT
  account, region, organization, trail, flag,
  range['from_time'] AS from_time,
  range['to_time'] AS to_time
FROM linked
