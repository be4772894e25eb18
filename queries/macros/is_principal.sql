-- id: is_principal
-- title: Whether a principal made a call
-- description: True where any of the names that a record has for its caller is the one that is asked for.
-- argument row: the record, with the columns of kms_events
-- argument principal: the name, as it was typed

goes_by(row.caller, principal)
OR row.user_arn = principal
OR row.user_name = principal
OR row.session_name = principal
OR row.access_key_id = principal
OR row.credential_id = principal
OR row.principal_id = principal
OR split_part(row.principal_id, ':', 1) = principal
OR row.source_identity = principal
OR row.on_behalf_of = principal
OR is_address(row, principal)
