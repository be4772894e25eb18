-- id: counted_uses
-- title: Daily counts of key_uses, from the operations
-- description: What is stored as uses_daily when a day is settled, and what uses_daily reads for the days that are not.
-- internal: uses_daily has the same rows, and reads them where they are stored
-- depends: computed_uses
-- kept: a report counts them several times

SELECT
  event_date, key_arn,
  CASE WHEN key_arn IS NULL THEN key_as_typed END AS key_as_typed,
  nullif(CASE WHEN key_role = 'source' AND other_key_arn = key_arn THEN 'both' ELSE key_role END, '') AS key_role,
  resolution, event_name,
  counted_outcome(computed_uses) AS outcome,
  caller, invoked_by, service, recipient_account_id, region, record_role,
  array_to_string(log_accounts, ' ') AS log_accounts,
  use_label,
  count(*) AS count,
  min(event_time) AS first_time,
  max(event_time) AS last_time,
  hours_of(event_time) AS hours_mask
FROM computed_uses
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
