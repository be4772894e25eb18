-- id: is_replacement
-- title: Whether a correction replaces a record
-- description: True where a row of replacements is about the record: the same id, operation, time and account of the log, and the same region and content where the row names them.
-- argument replacement: the row of replacements
-- argument row: the record, with the columns of kms_events

replacement.event_id = row.event_id
AND replacement.event_name = row.event_name
AND replacement.event_date = row.event_date
AND replacement.event_time = row.event_time
AND (replacement.recipient_account_id IS NOT DISTINCT FROM row.recipient_account_id)
AND coalesce(replacement.region = row.region, true)
AND coalesce(replacement.content_hash = row.content_hash, true)
