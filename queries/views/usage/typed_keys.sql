-- id: typed_keys
-- title: IDs and aliases typed for keys that no record gives by ARN
-- description: Each text by which usage_monthly counts a key and that is not the ARN of one.
-- internal: the daily counts of these are resolved by name
-- kept: the daily counts are split by it, several times

SELECT DISTINCT key
FROM usage_monthly
WHERE key NOT LIKE 'arn:%:kms:%:key/%'
