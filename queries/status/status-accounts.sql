-- id: status-accounts
-- title: Accounts
-- description: Every account in the list imported last, and every account whose logs are in the store (has_logs).

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
