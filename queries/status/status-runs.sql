-- id: status-runs
-- title: The last runs
-- description: The five runs that began last.

SELECT
  to_char(started_at, '%Y-%m-%dT%H:%M:%SZ') AS started,
  command,
  outcome,
  objects_new,
  rows_written
FROM runs
ORDER BY started_at DESC, run_id
LIMIT 5
