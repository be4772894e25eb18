-- id: is_asked_key
-- title: Whether a row is about the key that is asked for
-- description: True for all rows where no key is given.
-- argument key_arn: the ARN of the row's key
-- argument key_as_typed: what was typed for it, where the ARN is not known

(cardinality($key_arns) = 0 AND cardinality($key_names) = 0)
OR array_has($key_arns, key_arn)
OR array_has($key_names, coalesce(key_arn, key_as_typed))
