-- id: status-runs
-- title: Last runs
-- description: The five runs that started last. A run has a row when it starts and another when it ends, which counts.

SELECT
  iso_time(started_at) AS started,
  command,
  outcome,
  objects_new,
  rows_written
FROM runs
WHERE outcome <> 'started' OR run_id NOT IN (SELECT run_id FROM runs WHERE outcome <> 'started')
ORDER BY started_at DESC, run_id
LIMIT 5
