-- id: inside_accounts
-- title: The accounts that are one's own
-- description: The accounts of the list that was imported last; where none was, every account whose logs
--   are held.
-- depends: current_accounts, log_accounts

SELECT account
FROM current_accounts
UNION
SELECT account
FROM log_accounts
WHERE NOT EXISTS (SELECT 1 FROM current_accounts)
