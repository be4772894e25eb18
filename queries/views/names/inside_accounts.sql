-- id: inside_accounts
-- title: Your own accounts
-- description: The accounts in the list imported last with `keytrail accounts import`; without a list, every account
--   whose logs are in the store.
-- column account: account ID
-- depends: current_accounts, log_accounts

SELECT account
FROM current_accounts
UNION
SELECT account
FROM log_accounts
WHERE NOT EXISTS (SELECT 1 FROM current_accounts)
