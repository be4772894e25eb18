-- id: copied_keys
-- title: Keys with records in another account's log
-- description: Keys, by ARN or as typed, of which another account's log has a record. Only calls on these keys can be
--   recorded twice. A few keys without such a record may be here too, through an alias or another record.
-- internal: only calls on these keys are checked for a second record
-- depends: typed_names, shared_keys
-- kept: the daily counts are split by it, several times

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
