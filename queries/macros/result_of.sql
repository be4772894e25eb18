-- id: result_of
-- title: How a call ended
-- description: success, failure, or dry_run for every dry run, which is neither.
-- argument row: the record, with the columns of kms_events

CASE
  WHEN row.is_dry_run OR row.outcome = 'dry_run' THEN 'dry_run'
  WHEN row.outcome = 'success' THEN 'success'
  ELSE 'failure'
END
