-- id: status-rejects
-- title: Rejects by reason
-- description: The number of log objects that could not be read in full, by the first reason.

SELECT state || ': ' || coalesce(reason, 'unknown') AS reason, count(*) AS objects
FROM log_files
WHERE state <> 'ok'
GROUP BY 1
ORDER BY 1
