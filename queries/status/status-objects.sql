-- id: status-objects
-- title: Log objects by kind
-- description: How many log objects of each kind the ledger holds, by their latest attempt.

SELECT kind, count(*) AS objects
FROM log_files
GROUP BY kind
ORDER BY kind
