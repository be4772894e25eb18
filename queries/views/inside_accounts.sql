-- id: inside_accounts
-- title: The accounts that are one's own
-- description: One row per account that the table accounts names; where it names none, per account whose
--   logs the ledger holds.
-- depends: log_files

SELECT DISTINCT account_id AS account
FROM accounts
UNION
SELECT DISTINCT account_id AS account
FROM log_files
WHERE account_id IS NOT NULL AND kind = 'log' AND (SELECT count(*) FROM accounts) = 0
