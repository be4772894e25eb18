-- id: counted_outcome
-- title: The outcome under which the counts have a call
-- description: dry_run for every dry run, also for one that was refused: it is neither a use nor a failure.
-- argument row: the record, with the columns of kms_events

CASE WHEN row.is_dry_run THEN 'dry_run' ELSE row.outcome END
