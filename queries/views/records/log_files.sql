-- id: log_files
-- title: Log objects, as last read
-- description: The latest attempt to read each object in the ledger (log_file_events), without foreign and forgotten
--   objects.
-- columns: as in log_file_events

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
