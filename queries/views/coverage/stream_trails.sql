-- id: stream_trails
-- title: Trails that may be behind a stream of deliveries
-- description: One row per stream of coverage_streams with a known trail: the ARN of the trail of its digests, else the
--   ARNs of all trails that deliver such logs, in one text.
-- internal: coverage_by_trail and kms_read_spans read it
-- depends: coverage_streams, known_trails

-- The trails that may be behind a stream: that of its digests, else all that deliver such logs.
WITH candidate_trails AS (
  SELECT streams.account, streams.region, streams.organization, streams.trail, known_trails.trail_arn
  FROM coverage_streams AS streams
  JOIN known_trails ON known_trails.trail_arn = streams.trail
  UNION ALL
  SELECT streams.account, streams.region, streams.organization, streams.trail, known_trails.trail_arn
  FROM coverage_streams AS streams
  JOIN known_trails
    ON ((known_trails.is_multi_region IS DISTINCT FROM false) OR known_trails.home_region = streams.region)
    AND CASE
      WHEN streams.organization = ''
        THEN known_trails.account = streams.account AND (known_trails.is_organization IS DISTINCT FROM true)
      ELSE (known_trails.is_organization IS DISTINCT FROM false)
    END
  WHERE streams.trail = 'unknown'
)

SELECT account, region, organization, trail, string_agg(trail_arn, ' ' ORDER BY trail_arn) AS candidates
FROM candidate_trails
GROUP BY account, region, organization, trail
