-- id: scope_counts_ever
-- title: Daily counts of any time, with the days that the window cuts counted by part
-- description: Rows of uses_daily. A day that the window cuts has rows of its own for each part: before the window, in it
--   and after it. If its events are deleted, a row may be of several parts.
-- depends: uses_daily, key_uses

SELECT
  event_date, key_arn, key_as_typed, key_role, resolution, kind, event_name, outcome, caller, invoked_by, service,
  recipient_account_id, region, record_role, log_accounts, use_label, count, first_time, last_time, hours_mask, is_repeated
FROM uses_daily
WHERE ($first_cut_day IS NULL OR event_date <> $first_cut_day) AND ($last_cut_day IS NULL OR event_date <> $last_cut_day)
UNION ALL
SELECT
  event_date, key_arn, key_as_typed, key_role, resolution, kind, event_name, outcome, caller, invoked_by, service,
  recipient_account_id, region, record_role, log_accounts, use_label,
  count(*) AS count, min(event_time) AS first_time, max(event_time) AS last_time, hours_of(event_time) AS hours_mask,
  arrow_cast(NULL, 'Boolean') AS is_repeated
FROM (
  SELECT
    event_date, key_arn,
    CASE WHEN key_arn IS NULL THEN key_as_typed END AS key_as_typed,
    nullif(CASE WHEN key_role = 'source' AND other_key_arn = key_arn THEN 'both' ELSE key_role END, '') AS key_role,
    resolution, kind, event_name, counted_outcome(key_uses) AS outcome, caller, invoked_by, service,
    recipient_account_id, region, record_role, array_to_string(log_accounts, ' ') AS log_accounts, use_label, event_time,
    coalesce(event_time < $since, false) AS is_before, coalesce(event_time >= $until, false) AS is_after
  FROM key_uses
  WHERE ($first_cut_day IS NOT NULL AND event_date = $first_cut_day) OR ($last_cut_day IS NOT NULL AND event_date = $last_cut_day)
) AS uses_of_cut_days
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, is_before, is_after
