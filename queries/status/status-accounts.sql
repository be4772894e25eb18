-- id: status-accounts
-- title: The accounts
-- description: Every account of the list that was imported last, and every account whose logs are held, which
--   has_logs says.

SELECT
  coalesce(told.account, held.account) AS account,
  told.name,
  told.ou,
  told.owner,
  told.environment,
  held.account IS NOT NULL AS has_logs
FROM current_accounts AS told
FULL JOIN log_accounts AS held ON held.account = told.account
ORDER BY account
