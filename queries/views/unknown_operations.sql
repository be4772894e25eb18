-- id: unknown_operations
-- title: Operations in the logs that are in no list
-- description: The names of KMS events that are not in kms_operations, with the records that have them, in how many of
--   these the call succeeded, and the keys that they name. AWS adds operations every year: each of these may be a use of its
--   keys, and counts as neither a use nor management. Read from the roll-up, so it outlives the events.
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
