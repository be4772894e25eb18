-- id: status-trails
-- title: Trails
-- description: The newest description of each trail, with what it logs of KMS: read_write, write_only or excluded.

SELECT
  trail_arn,
  iso_time(taken_at) AS taken_at,
  bucket,
  is_multi_region,
  is_organization,
  is_validation_enabled,
  is_logging,
  coalesce(kms_read_logging(selectors), 'unknown') AS kms
FROM trails
QUALIFY row_number() OVER (PARTITION BY trail_arn ORDER BY taken_at DESC, run_id DESC) = 1
ORDER BY trail_arn
