-- id: is_same_object
-- title: Whether verification saw an object as it was read
-- description: What was found of other bytes says nothing of these: size, entity tag and time of the last change must agree.
-- argument found: a row of verified_files
-- argument row: a row of the ledger

found.size_bytes = row.size_bytes
AND (found.etag IS NOT DISTINCT FROM row.etag)
AND (found.modified_at IS NOT DISTINCT FROM row.modified_at)
