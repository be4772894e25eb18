-- id: unknown_operations
-- title: Unknown operations in the logs
-- description: KMS event names that are not in kms_operations. AWS adds operations every year; each of these may be a
--   use of its keys and counts neither as a use nor as management. Based on monthly counts, so it stays complete after
--   events are deleted.
-- column event_name: name of the operation
-- column records: number of records
-- column successes: number of records of successful calls
-- column keys: number of keys that the records name, by ARN or as typed
-- column first_time: time of the first record
-- column last_time: time of the last record
-- kept: few stores have any, and then notes about them cost nothing

SELECT
  event_name,
  CAST(sum(count) FILTER (WHERE key_role <> 'destination') AS BIGINT) AS records,
  CAST(coalesce(sum(count) FILTER (WHERE key_role <> 'destination' AND outcome = 'success'), 0) AS BIGINT) AS successes,
  count(DISTINCT key) AS keys,
  min(first_time) AS first_time,
  max(last_time) AS last_time
FROM usage_monthly
WHERE operation_kind(event_name) = 'unknown'
GROUP BY event_name
