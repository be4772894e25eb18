-- id: coverage_settings
-- title: Settings of log coverage
-- description: One row with the limits by which coverage is decided. To change them, put a view of this name into your
--   own queries (`--queries`).
-- column following_digests: number of hourly digests after that of an hour that must be proven before the hour counts
--   as verified, because they list late deliveries
-- column delivery_gap: longest time between two successive deliveries of an account and region that is not a gap,
--   unless digests show that nothing was delivered in between
-- column delivery_delay: how long after an hour its last events are usually delivered; an hour is covered only if
--   deliveries go on for that long

SELECT
  24 AS following_digests,
  INTERVAL '60 minutes' AS delivery_gap,
  INTERVAL '15 minutes' AS delivery_delay

