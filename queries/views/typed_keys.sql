-- id: typed_keys
-- title: IDs and aliases typed for keys that no record gives by ARN
-- description: Each text that stands for a key in usage_monthly and is not the ARN of one.
-- internal: the daily counts of these are resolved by name
-- kept: the daily counts are told apart by it

SELECT DISTINCT key
FROM usage_monthly
WHERE key NOT LIKE 'arn:%:kms:%:key/%'
