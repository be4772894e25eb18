-- id: coverage_settings
-- title: What coverage is judged by
-- description: One row. following_digests is how many hourly digests after that of an hour must be proven before
--   the hour is: late deliveries come in them. delivery_gap is how far apart two successive deliveries of an account and
--   region may be where no digest tells that nothing happened. delivery_delay is how long after an hour its
--   last events are usually delivered; deliveries must go on for as long. A view of the same name among one's own queries
--   changes them.

SELECT
  24 AS following_digests,
  INTERVAL '60 minutes' AS delivery_gap,
  INTERVAL '15 minutes' AS delivery_delay

