-- id: is_tagged
-- title: Whether a key carries the tags that are asked for
-- description: True for all keys where no tag is given.
-- argument key_arn: the ARN of the key

cardinality($tagged_keys) = 0 OR array_has($tagged_keys, key_arn)
