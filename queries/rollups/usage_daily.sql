-- id: usage_daily
-- title: Counts of KMS records by day and key
-- description: The rows that events add to the table usage_daily: its columns, in its order. Reads new_kms_events, rows
--   of kms_events. The writer runs it over the events that are not counted yet, the reader over those that no commit
--   has counted; rows with equal dimensions add up. An event with a second key (the destination of a ReEncrypt, the
--   replica of a ReplicateKey) gives a row for each key; without the rows of role destination, count adds up to the
--   number of events. If both are one key, the row of its source has the role both: without the rows of that role, the
--   counts of a key add up to the number of its operations. outcome is dry_run for every dry run, also for a denied
--   one: it is neither a use nor a failure. record_role is network for a VPC endpoint's record of a call that KMS
--   logged too; the call counts by the record of KMS. A call that the endpoint denied has no other record. The rows are
--   a set: the writer sorts them.

WITH records AS (
  SELECT
    event_time, event_date, caller, event_name, event_type, outcome, is_dry_run, invoked_by, recipient_account_id, region,
    is_correction, use_label,
    coalesce(key_arn, key_as_typed) AS key,
    coalesce(destination_key_arn, destination_key_as_typed) AS destination_key
  FROM new_kms_events
),

records_by_key AS (
  SELECT
    * EXCLUDE (key, destination_key),
    key,
    CASE
      WHEN key IS NULL THEN 'none'
      WHEN destination_key = key THEN 'both'
      WHEN destination_key IS NOT NULL THEN 'source'
      ELSE 'only'
    END AS key_role
  FROM records
  UNION ALL
  SELECT * EXCLUDE (key, destination_key), destination_key AS key, 'destination' AS key_role
  FROM records
  WHERE destination_key IS NOT NULL
)

SELECT
  event_date,
  key,
  key_role,
  caller,
  event_name,
  counted_outcome(records_by_key) AS outcome,
  invoked_by,
  recipient_account_id,
  region,
  -- An alias lives beside its key, so that the account in its ARN is the key's.
  record_role(records_by_key, key) AS record_role,
  is_correction,
  coalesce(use_label, 'none') AS use_label,
  count(*) AS count,
  min(event_time) AS first_time,
  max(event_time) AS last_time,
  hours_of(event_time) AS hours_mask
FROM records_by_key
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
