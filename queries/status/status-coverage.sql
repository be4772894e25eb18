-- id: status-coverage
-- title: Source, window, lag and coverage
-- description: One line of text each: where the logs are from, the times of their deliveries, the time of the last one,
--   and how many hours of coverage are complete.

WITH delivered AS (
  SELECT first_time, last_time
  FROM log_period
  WHERE EXISTS (SELECT 1 FROM log_file_events WHERE delivery_time IS NOT NULL)
),

sources AS (
  SELECT sources FROM runs WHERE command = 'ingest' ORDER BY started_at DESC, run_id LIMIT 1
),

hours AS (
  SELECT count(*) AS hours, count(*) FILTER (WHERE is_complete) AS complete,
    count(*) FILTER (WHERE state = 'complete_verified') AS verified, count(*) FILTER (WHERE is_hole) AS holes
  FROM coverage
)

SELECT what, told
FROM (
  SELECT 1 AS place, 'source' AS what, sources AS told FROM sources
  UNION ALL
  SELECT
    2, 'window',
    'deliveries from ' || iso_time(first_time) || ' to ' || iso_time(last_time)
  FROM delivered
  UNION ALL
  SELECT 3, 'last', iso_time(last_time) FROM delivered
  UNION ALL
  SELECT
    4, 'covered',
    hours || ' hours: ' || complete || ' complete (' || verified || ' verified), ' || holes || ' with holes'
  FROM hours
  WHERE hours > 0
) AS lines
WHERE told IS NOT NULL
ORDER BY place
