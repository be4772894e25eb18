-- id: usage_monthly
-- title: Counts of KMS records by month and key
-- description: The rows that events add to the table usage_monthly: its columns, in its order. Reads new_usage_daily,
--   the rows that the same events add to usage_daily. VPC endpoint records of calls that KMS logged too are left out:
--   the record of KMS counts. The rows are a set: the writer sorts them.
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
