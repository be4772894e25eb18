-- id: status-runs
-- title: Last runs
-- description: The five runs that started last. A run has a row when it starts and another when it ends, which counts.

SELECT
  to_char(started_at, '%Y-%m-%dT%H:%M:%SZ') AS started,
  command,
  outcome,
  objects_new,
  rows_written
FROM runs
WHERE outcome <> 'started' OR run_id NOT IN (SELECT run_id FROM runs WHERE outcome <> 'started')
ORDER BY started_at DESC, run_id
LIMIT 5
