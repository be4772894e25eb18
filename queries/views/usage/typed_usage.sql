-- id: typed_usage
-- title: Daily counts of typed IDs and aliases, one row each
-- description: Rows of usage_daily whose key is not an ARN, with rows of equal dimensions added up, so that a result
--   does not depend on whether files were merged. name_account is the account in which a typed ID or alias name is
--   looked up: the caller's if the caller gives it, else that of the log.
-- internal: usage_by_name and unsettled_days read it
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
