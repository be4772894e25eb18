-- id: status-objects
-- title: Log objects by kind
-- description: The number of log objects of each kind in the ledger, by their latest attempt.

SELECT kind, count(*) AS objects
FROM log_files
GROUP BY kind
ORDER BY kind
