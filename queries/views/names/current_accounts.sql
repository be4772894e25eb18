-- id: current_accounts
-- title: Accounts in the latest list
-- description: One row per account in the list imported last with `keytrail accounts import`. Earlier lists stay in the
--   table accounts.
-- column account: account ID
-- column name: name of the account; null if the list does not give one
-- column ou: path of its organizational unit, such as `Root/Prod`; null if not given
-- column owner: owner of the account; null if not given
-- column environment: environment of the account; null if not given
-- column taken_at: when the list was imported
-- kept: names of accounts are looked up in it

SELECT
  account_id AS account,
  name,
  ou_path AS ou,
  owner,
  environment,
  taken_at
FROM accounts
QUALIFY rank() OVER (ORDER BY taken_at DESC, run_id DESC) = 1
