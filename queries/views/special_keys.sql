-- id: special_keys
-- title: Keys whose daily counts are looked at one by one
-- description: The keys of usage_daily that usage_by_name is about: what was typed, and the ARNs that have unsettled
--   days.
-- depends: typed_keys, unsettled_days
-- kept: the daily counts are told apart by it

SELECT key
FROM typed_keys
UNION
SELECT key
FROM unsettled_days
WHERE key <> ''
