-- id: scope_usage_of_callers
-- title: Daily usage in the window that passes the filters, for any account and caller
-- description: Rows of scope_usage for all accounts and callers, so that a call can be separated from its second record
--   in another account's log before account or caller filters apply.
-- depends: usage_by_key, scope_events_of_callers, replacements

WITH cut_events AS (
  SELECT
    event_date, nullif(counted_key, '') AS key,
    CASE
      WHEN counted_key = '' AND key_arn IS NULL THEN 'none'
      WHEN key_role = 'source' AND other_counted_key = counted_key THEN 'both'
      ELSE key_role
    END AS key_role,
    caller, scope_events_of_callers.event_name,
    counted_outcome(scope_events_of_callers) AS outcome,
    invoked_by, recipient_account_id, region, record_role, is_correction,
    coalesce(use_label, 'none') AS use_label,
    event_time, key_arn,
    operation_kind(event_name) AS kind
  FROM scope_events_of_callers
  WHERE (
      $service IS NOT NULL
      OR ($first_cut_day IS NOT NULL AND event_date = $first_cut_day)
      OR ($last_cut_day IS NOT NULL AND event_date = $last_cut_day)
    )
    AND NOT is_replaced(scope_events_of_callers)
)

SELECT
  event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region,
  record_role, is_correction, use_label, count, first_time, last_time, hours_mask, key_arn, kind, doubt
FROM usage_by_key
WHERE $service IS NULL
  AND is_of_asked_keys(key_arn, key, recipient_account_id, region)
  AND ($hide_own IS NOT TRUE OR use_label = 'none')
  AND overlaps_window(first_time, last_time) AND is_day_in_window(event_date)
  AND ($first_cut_day IS NULL OR event_date <> $first_cut_day)
  AND ($last_cut_day IS NULL OR event_date <> $last_cut_day)
UNION ALL
SELECT
  event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region,
  record_role, is_correction, use_label,
  count(*) AS count, min(event_time) AS first_time, max(event_time) AS last_time,
  hours_of(event_time) AS hours_mask,
  key_arn, kind, arrow_cast(NULL, 'Utf8') AS doubt
FROM cut_events
GROUP BY
  event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region,
  record_role, is_correction, use_label, key_arn, kind
