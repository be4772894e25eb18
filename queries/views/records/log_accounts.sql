-- id: log_accounts
-- title: Accounts whose logs are in the store
-- description: One row per account in the path of a log object in the ledger, or with a KMS record in usage_monthly.
-- internal: inside_accounts and unused-keys need to know which accounts have logs
-- depends: log_files
-- kept: which accounts are one's own is asked of it

SELECT account_id AS account
FROM log_files
WHERE account_id IS NOT NULL
UNION
SELECT recipient_account_id
FROM usage_monthly
WHERE recipient_account_id IS NOT NULL
