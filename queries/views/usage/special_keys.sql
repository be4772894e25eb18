-- id: special_keys
-- title: Keys whose daily counts are resolved one by one
-- description: Keys of usage_daily that need usage_by_name: typed IDs and aliases, and ARNs with unsettled days.
-- internal: separates the few keys that usage_by_name resolves from all others
-- depends: typed_keys, unsettled_days
-- kept: the daily counts are split by it, several times

SELECT key
FROM typed_keys
UNION
SELECT key
FROM unsettled_days
WHERE key <> ''
