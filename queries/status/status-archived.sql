-- id: status-archived
-- title: Archived log objects
-- description: Log objects whose storage class needs a restore before they can be read, the largest first.

SELECT location, coalesce(storage_class, 'INTELLIGENT_TIERING') AS storage_class, size_bytes
FROM log_files
WHERE state = 'archived'
ORDER BY size_bytes DESC, location
