-- id: is_name_of
-- title: Whether a row of typed_names says which key a record means
-- description: A typed key ID or alias name means a key in the account of the caller or, if the record does not give it, the
--   account of the log, in the region of the record, at its time.
-- argument names: the row of typed_names
-- argument row: the record, with the columns of kms_events
-- argument typed: what was typed for the key

names.name = typed
AND (names.account IS NULL OR names.account = coalesce(caller_account(row.caller), row.recipient_account_id))
AND (names.region IS NULL OR names.region = row.region)
AND (names.valid_from IS NULL OR names.valid_from <= row.event_time)
AND (names.valid_to IS NULL OR names.valid_to > row.event_time)
