-- id: copied_keys
-- title: Keys of which another account's log holds records
-- description: The keys, or what was typed for them, of which the log of another account than the key's holds a record:
--   only their counts can tell a call twice. It may name others too, where an alias or another record tells the key.
-- depends: typed_names, shared_keys
-- kept: the daily counts are told apart by it

WITH copied AS (
  SELECT DISTINCT key
  FROM usage_monthly
  WHERE key LIKE 'arn:%' AND nullif(split_part(key, ':', 5), '') <> recipient_account_id
)

SELECT key AS any_key
FROM copied
UNION
SELECT typed_names.key_arn AS any_key
FROM copied
JOIN typed_names ON typed_names.name = copied.key
UNION
SELECT key_arn AS any_key
FROM shared_keys
