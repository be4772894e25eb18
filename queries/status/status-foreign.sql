-- id: status-foreign
-- title: Objects that are not CloudTrail's
-- description: How many objects neither name nor content says to be CloudTrail's, by their latest attempt, and the
--   first of them by location. They are not in log_files, and no hour lacks anything for them.

SELECT min(location) AS example, count(*) AS objects
FROM (
  SELECT location, last_value(state ORDER BY attempt, recorded_at) AS state
  FROM log_file_events
  GROUP BY location
) AS latest
WHERE state = 'foreign'
HAVING count(*) > 0
