-- id: is_asked_region
-- title: Whether an account and region are among those that are asked for
-- description: Account, region, owner and unit; true for all where none is given.
-- argument in_account: the account
-- argument in_region: the region

($account IS NULL OR in_account = $account)
AND ($region IS NULL OR in_region = $region)
AND (cardinality($key_accounts) = 0 OR array_has($key_accounts, in_account))
