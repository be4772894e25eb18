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

WITH named AS (
  SELECT
    event_time, event_date, caller, event_name, invoked_by, recipient_account_id, region, is_correction, use_label,
    is_network(event_type, outcome) AS is_network,
    CASE WHEN is_dry_run THEN 'dry_run' ELSE outcome END AS outcome,
    coalesce(key_arn, key_as_typed) AS key,
    coalesce(destination_key_arn, destination_key_as_typed) AS destination_key
  FROM new_kms_events
),

sides AS (
  SELECT
    key,
    CASE
      WHEN key IS NULL THEN 'none'
      WHEN destination_key = key THEN 'both'
      WHEN destination_key IS NOT NULL THEN 'source'
      ELSE 'only'
    END AS key_role,
    event_time, event_date, caller, event_name, outcome, invoked_by,
    recipient_account_id, region, is_correction, use_label, is_network
  FROM named
  UNION ALL
  SELECT
    destination_key AS key,
    'destination' AS key_role,
    event_time, event_date, caller, event_name, outcome, invoked_by,
    recipient_account_id, region, is_correction, use_label, is_network
  FROM named
  WHERE destination_key IS NOT NULL
),

judged AS (
  SELECT
    *,
    -- The account in the ARN of the key (or of the alias that was typed: an alias lives beside its key).
    CASE
      WHEN is_network THEN 'network'
      WHEN key LIKE 'arn:%' AND nullif(split_part(key, ':', 5), '') <> recipient_account_id
        THEN 'caller_copy'
      ELSE 'owner'
    END AS record_role
  FROM sides
)

SELECT
  event_date,
  key,
  key_role,
  caller,
  event_name,
  outcome,
  invoked_by,
  recipient_account_id,
  region,
  record_role,
  is_correction,
  coalesce(use_label, 'none') AS use_label,
  count(*) AS count,
  min(event_time) AS first_time,
  max(event_time) AS last_time,
  CAST(bit_or(CAST(1 AS INT) << CAST(date_part('hour', event_time) AS INT)) AS INT) AS hours_mask
FROM judged
GROUP BY
  event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id,
  region, record_role, is_correction, coalesce(use_label, 'none')
