-- id: log_accounts
-- title: The accounts whose logs are held
-- description: One row per account in the path of a log object of the ledger, or that received a KMS
--   record by the roll-up usage_monthly.
-- depends: log_files
-- kept: which accounts are one's own is asked of it

SELECT account_id AS account
FROM log_files
WHERE account_id IS NOT NULL
UNION
SELECT recipient_account_id
FROM usage_monthly
WHERE recipient_account_id IS NOT NULL
