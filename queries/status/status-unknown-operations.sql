-- id: status-unknown-operations
-- title: Unknown operations
-- description: The number of records with an operation that this version of keytrail does not know.

SELECT coalesce(event_name, '(no name)') AS operation, records
FROM unknown_operations
ORDER BY records DESC, operation
