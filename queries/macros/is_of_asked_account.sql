-- id: is_of_asked_account
-- title: Whether a call is one of the account that is asked for
-- description: The account is that of the log or of the caller; where a key is given, the account says which key is meant instead.
-- argument log_account: the account of the log
-- argument caller: the caller

$account IS NULL OR cardinality($key_arns) > 0 OR log_account = $account OR caller_account(caller) = $account
