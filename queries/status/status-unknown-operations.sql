-- id: status-unknown-operations
-- title: Operations that are not known
-- description: How many records have the name of an operation that this version of keytrail does not know.

SELECT coalesce(event_name, '(no name)') AS operation, records
FROM unknown_operations
ORDER BY records DESC, operation
