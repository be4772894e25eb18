-- id: typed_keys
-- title: What was typed for keys whose ARN no record tells
-- description: Each text that stands for a key in usage_daily without being the ARN of one: ids, aliases, and
--   whatever else was typed.
-- kept: the daily counts are told apart by it

SELECT DISTINCT key
FROM usage_monthly
WHERE key NOT LIKE 'arn:%:kms:%:key/%'
