-- id: delivery_ranges
-- title: Periods of delivery by trail, and what is wrong in them
-- description: One row per account, region, organization, trail and mark, from from_time to to_time. stored: the store has
--   something from then. delivered: deliveries go on, without a break in the digests, and without more than
--   delivery_gap between logs that no digest lists. proven: the digests are proven without a break. Of EVENT time, where
--   objects may contain events from then: archived, damaged (or rejected), missing (listed by a digest), changed (another
--   hash than in the digest). invalid_digest: time covered by digests, backfill ones too, that cannot be read or are not
--   valid. broken_backfill: for a backfill digest with a broken chain, the time since the stored one before it. lost, of
--   EVENT time: an event may be lost through any of these, or with a lost digest, and nothing else shows it. signed:
--   digests are valid without a break, even if logs that they list are lost. trail is `unknown` for logs of an account
--   and region without digests.
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
    -- The two seconds between adjacent digests (covers_to) belong to neither.
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
marks AS (
  SELECT
    account, region, organization, trail,
    unnest(make_array(
      named_struct('mark', 'stored', 'from_time', from_time, 'to_time', to_time),
      named_struct('mark', CASE WHEN is_link THEN 'delivered' END, 'from_time', from_time, 'to_time', to_time),
      named_struct('mark', CASE WHEN is_proven THEN 'proven' END, 'from_time', signed_from, 'to_time', signed_to),
      named_struct('mark', CASE WHEN signed_from IS NOT NULL THEN 'signed' END, 'from_time', signed_from, 'to_time', signed_to),
      named_struct(
        'mark',
        CASE
          WHEN state = 'archived' THEN 'archived'
          WHEN kind = 'digest' THEN NULL
          WHEN state = 'missing' THEN 'missing'
          WHEN status = 'hash_mismatch' THEN 'changed'
          WHEN state <> 'ok' THEN 'damaged'
        END,
        'from_time', coalesce(first_time, from_time),
        'to_time', coalesce(last_time, to_time)
      ),
      named_struct(
        'mark', CASE WHEN kind = 'digest' AND (state NOT IN ('ok', 'archived') OR is_wrong(status)) THEN 'invalid_digest' END,
        'from_time', from_time, 'to_time', to_time
      ),
      named_struct('mark', CASE WHEN broken_from IS NOT NULL THEN 'broken_backfill' END, 'from_time', broken_from, 'to_time', to_time),
      named_struct('mark', CASE WHEN lost_from < lost_to THEN 'lost' END, 'from_time', lost_from, 'to_time', lost_to)
    )) AS part
  FROM (SELECT *, to_time + INTERVAL '2 seconds' AS signed_to, unnest(trails) AS trail FROM attributed) AS deliveries
),

ranges_of_marks AS (
  SELECT
    account, region, organization, trail, part['mark'] AS mark,
    array_agg(CAST(part['from_time'] AS BIGINT)) AS from_times,
    array_agg(CAST(part['to_time'] AS BIGINT)) AS to_times
  FROM marks
  WHERE part['mark'] IS NOT NULL
  GROUP BY account, region, organization, trail, part['mark']
),

linked_marks AS (
  SELECT
    account, region, organization, trail, mark,
    unnest(linked_ranges(
      from_times, to_times,
      CASE mark
        WHEN 'stored' THEN NULL
        WHEN 'delivered' THEN micros(delivery_gap)
        WHEN 'proven' THEN 0
        WHEN 'signed' THEN 0
        -- What is known for a moment between two losses is of no use.
        WHEN 'lost' THEN micros(delivery_delay)
        -- What is wrong stays apart.
        ELSE -1
      END
    )) AS range
  FROM ranges_of_marks
  CROSS JOIN coverage_settings
)

SELECT account, region, organization, trail, mark, range['from_time'] AS from_time, range['to_time'] AS to_time
FROM linked_marks
