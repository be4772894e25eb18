-- id: is_asked_owner
-- title: Whether an account belongs to the owner and organizational unit asked for
-- description: The account is that of the key, else that of the log. True for all accounts where neither is given.
-- argument key_arn: the ARN of the row's key
-- argument log_account: the account of the log

cardinality($key_accounts) = 0
OR array_has($key_accounts, coalesce(nullif(split_part(key_arn, ':', 5), ''), log_account))
