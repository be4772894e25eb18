-- id: may_be_asked_key
-- title: Whether a record may be about one of the keys that the filters leave
-- description: Account, region, owner, unit and tag. A record that names no known key may be about any of its account and region.
-- argument key_arn: the ARN of the record's key, or null
-- argument log_account: the account of the log
-- argument log_region: the region of the log

($account IS NULL OR log_account = $account)
AND ($region IS NULL OR log_region = $region)
AND is_asked_owner(key_arn, log_account)
AND (
  is_tagged(key_arn)
  OR (key_arn IS NULL AND strpos(array_to_string($tagged_keys, ' '), ':' || log_region || ':' || log_account || ':') > 0)
)
