-- id: delivery_ranges
-- title: From when to when each trail delivered, and what is wrong in between
-- description: One row per account, region, organization, trail and flag, from_time to to_time. Flag 0: something is
--   held of it. 1: deliveries go on, with no break in the digests, nor more than delivery_gap between logs that no digest
--   names. 2: the digests are proven without a break. Of EVENT time, where objects may hold events of that time: 4 archived,
--   8 damaged or rejected, 16 named by a digest and not held, 32 with another hash than the digest's. 128: of digests, also
--   backfill ones, that cannot be read or are not valid, the time that they cover. 512: of a backfill digest whose
--   chain is broken, the time since the one held before it. trail is `unknown` for
--   logs of an account and region without digests.
-- depends: coverage_settings, delivered_objects
-- kept: the view coverage reads it several times, and its rows are few beside the ledger's

WITH seen AS (
  SELECT
    *,
    min(CASE WHEN kind = 'digest' THEN trail END) OVER stream AS first_trail,
    max(CASE WHEN kind = 'digest' THEN trail END) OVER stream AS last_trail
  FROM delivered_objects
  WINDOW stream AS (PARTITION BY account, region, organization)
),

-- A log that no digest names may be any trail's; where there are more than two, two of them get the benefit of it.
attributed AS (
  SELECT
    account, region, organization, kind, state, status, from_time, first_time, last_time, broken_from, is_seen, is_proven,
    -- Adjacent digests leave two seconds between them, so that one that is missing leaves more than an hour.
    CASE WHEN kind = 'digest' THEN to_time - INTERVAL '2 seconds' ELSE to_time END AS to_time,
    CASE
      WHEN trail IS NOT NULL THEN make_array(trail)
      WHEN first_trail IS NULL THEN make_array('unknown')
      WHEN first_trail = last_trail THEN make_array(first_trail)
      ELSE make_array(first_trail, last_trail)
    END AS trails
  FROM seen
),

deliveries AS (
  SELECT
    account, region, organization, kind, state, status, from_time, to_time, first_time, last_time, broken_from, is_seen, is_proven,
    unnest(trails) AS trail
  FROM attributed
),

reached AS (
  SELECT
    *,
    max(CASE WHEN is_link THEN to_time END) OVER earlier AS reached,
    max(CASE WHEN is_proven THEN to_time END) OVER earlier AS proven_to
  FROM (
    SELECT
      *,
      from_time IS NOT NULL AND (is_seen OR (kind = 'log' AND state <> 'missing') OR state = 'archived') AS is_link
    FROM deliveries
  ) AS linked
  WINDOW earlier AS (
    PARTITION BY account, region, organization, trail ORDER BY from_time, to_time
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  )
),

numbered AS (
  SELECT
    reached.*,
    row_number() OVER so_far AS number,
    sum(CASE WHEN NOT is_link OR from_time <= reached + delivery_gap THEN 0 ELSE 1 END) OVER so_far
      AS run,
    sum(CASE WHEN NOT is_proven OR from_time <= proven_to + INTERVAL '2 seconds' THEN 0 ELSE 1 END) OVER so_far
      AS proven_run
  FROM reached
  CROSS JOIN coverage_settings
  WINDOW so_far AS (
    PARTITION BY account, region, organization, trail ORDER BY from_time, to_time ROWS UNBOUNDED PRECEDING
  )
),

-- What each delivery adds to: in one pass, since everything before is much to compute.
parts AS (
  SELECT
    account, region, organization, trail,
    unnest(make_array(
      named_struct('flag', 0, 'part', 0, 'from_time', from_time, 'to_time', to_time),
      named_struct('flag', CASE WHEN is_link THEN 1 END, 'part', run, 'from_time', from_time, 'to_time', to_time),
      named_struct(
        'flag', CASE WHEN is_proven THEN 2 END, 'part', proven_run,
        'from_time', from_time, 'to_time', to_time + INTERVAL '2 seconds'
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
        'part', number,
        'from_time', coalesce(first_time, from_time),
        'to_time', coalesce(last_time, to_time)
      ),
      named_struct(
        'flag',
        CASE
          WHEN kind = 'digest' AND (state NOT IN ('ok', 'archived') OR status IN ('bad_signature', 'unknown_key', 'chain_broken'))
            THEN 128
        END,
        'part', number, 'from_time', from_time, 'to_time', to_time
      ),
      named_struct(
        'flag', CASE WHEN broken_from IS NOT NULL THEN 512 END,
        'part', number, 'from_time', broken_from, 'to_time', to_time
      )
    )) AS part
  FROM numbered
)

SELECT
  account, region, organization, trail,
  part['flag'] AS flag,
  min(part['from_time']) AS from_time,
  max(part['to_time']) AS to_time
FROM parts
WHERE part['flag'] IS NOT NULL
GROUP BY account, region, organization, trail, part['flag'], part['part']
