-- id: is_of_asked_keys
-- title: Whether a row is about the keys that the filters leave
-- description: Key, region, owner, unit and tag. Region and account are those of the key, else of the log; where a key is given, it decides the region.
-- argument key_arn: the ARN of the row's key
-- argument key_as_typed: what was typed for it, where the ARN is not known
-- argument log_account: the account of the log
-- argument log_region: the region of the log

is_asked_key(key_arn, key_as_typed)
AND (
  $region IS NULL OR cardinality($key_arns) > 0
  OR coalesce(nullif(split_part(key_arn, ':', 4), ''), log_region) = $region
)
AND is_asked_owner(key_arn, log_account)
AND is_tagged(key_arn)
