-- id: typed_usage
-- title: The daily counts of what was typed for keys, each once
-- description: The rows of usage_daily whose key is not the ARN of one (typed_keys), those of equal dimensions added up: a
--   day that several runs brought has several, and what is concluded from a row must not depend on whether they were
--   merged. An id or an alias name means a key of the account that the caller tells, else that of the log: name_account.
-- depends: typed_keys

SELECT
  event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region, record_role,
  is_correction, use_label,
  coalesce(caller_account(caller), recipient_account_id) AS name_account,
  sum(count) AS count,
  min(first_time) AS first_time,
  max(last_time) AS last_time,
  bit_or(hours_mask) AS hours_mask
FROM usage_daily
WHERE EXISTS (SELECT 1 FROM typed_keys WHERE typed_keys.key = usage_daily.key)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
