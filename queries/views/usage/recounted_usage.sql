-- id: recounted_usage
-- title: Daily counts of unsettled days, from their events
-- description: Rows like those of usage_daily for the days and keys in unsettled_days whose events are in the store,
--   with key_arn and resolution of each record as in key_events. is_replaced marks records that must not be counted,
--   because a correction replaces them. key is empty if none was named.
-- internal: replaces the daily counts of settled_days
-- depends: unsettled_days, key_events, replaced_events
-- kept: the daily counts are split by it, several times

SELECT
  key_events.event_date, key_events.counted_key AS key,
  CASE
    WHEN counted_key = '' AND key_arn IS NULL THEN 'none'
    WHEN key_role = 'source' AND other_counted_key = counted_key THEN 'both'
    ELSE key_role
  END AS key_role,
  caller, event_name,
  counted_outcome(key_events) AS outcome,
  invoked_by, key_events.recipient_account_id, region, record_role, is_correction,
  coalesce(use_label, 'none') AS use_label,
  count(*) AS count,
  min(event_time) AS first_time,
  max(event_time) AS last_time,
  hours_of(event_time) AS hours_mask,
  key_arn, resolution,
  replaced_events.content_hash IS NOT NULL AS is_replaced
FROM unsettled_days
JOIN key_events
  ON key_events.counted_key = unsettled_days.key
  AND key_events.event_date = unsettled_days.event_date
LEFT JOIN replaced_events
  ON replaced_events.event_id = key_events.event_id
  AND replaced_events.content_hash = key_events.content_hash
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, key_arn, resolution, replaced_events.content_hash IS NOT NULL
