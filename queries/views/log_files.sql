-- id: log_files
-- title: Every log object, as last read
-- description: The latest attempt of each object in the ledger log_file_events, without those that are foreign or forgotten.

SELECT *
FROM (
  SELECT *
  FROM log_file_events
  QUALIFY row_number() OVER (
    PARTITION BY object_id
    ORDER BY attempt DESC, recorded_at DESC, run_id DESC, batch_id DESC
  ) = 1
) AS latest
WHERE state NOT IN ('foreign', 'forgotten')
