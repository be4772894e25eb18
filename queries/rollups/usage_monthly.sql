-- id: usage_monthly
-- title: Counts of KMS records per month and key
-- description: The rows that events add to the table usage_monthly: its columns, in its order.
--   Read from the relation new_usage_daily, the rows that the same events add to usage_daily.
--   What a VPC endpoint tells of a call that went on to KMS is left out: the call has a record of its own.
--   The rows are a set: whoever writes them sorts them.
-- depends: usage_daily

SELECT
  to_char(event_date, '%Y-%m') AS event_month,
  key,
  key_role,
  event_name,
  outcome,
  recipient_account_id,
  region,
  is_correction,
  sum(count) AS count,
  min(first_time) AS first_time,
  max(last_time) AS last_time
FROM new_usage_daily
WHERE record_role <> 'network'
GROUP BY
  to_char(event_date, '%Y-%m'), key, key_role, event_name, outcome, recipient_account_id, region, is_correction
