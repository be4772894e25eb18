-- id: status-foreign
-- title: Objects that are not CloudTrail logs
-- description: How many objects are not CloudTrail's by name or content, by their latest attempt, and the first of them
--   by location. They are not in log_files, and no hour misses anything because of them.

SELECT min(location) AS example, count(*) AS objects
FROM (
  SELECT location, last_value(state ORDER BY attempt, recorded_at) AS state
  FROM log_file_events
  GROUP BY location
) AS latest
WHERE state = 'foreign'
HAVING count(*) > 0
