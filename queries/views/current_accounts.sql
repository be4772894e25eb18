-- id: current_accounts
-- title: What is told of each account
-- description: The accounts of the list that was imported last (keytrail accounts import), one row each. ou
--   is the path of the organizational unit. Earlier lists stay in the table accounts.
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
