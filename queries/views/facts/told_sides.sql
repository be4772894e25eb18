-- id: told_sides
-- title: Sides of cross-account ReEncrypt calls, known from the other account's record
-- description: For ReEncrypt calls recorded in two accounts where one record lists a single key: that key, whether it
--   is the source or the destination, and the other key, from the other record.
-- internal: key_uses takes the side of such a key from here
-- depends: live_events
-- kept: every record of a shared call is looked up in it

WITH lone_keys AS (
  SELECT DISTINCT shared_event_id, event_date, key_arn
  FROM live_events
  WHERE event_name = 'ReEncrypt' AND shared_event_id IS NOT NULL
    AND destination_key_arn IS NULL AND destination_key_as_typed IS NULL
    AND key_arn IN (SELECT key FROM usage_monthly WHERE event_name = 'ReEncrypt' AND key_role = 'only')
),

keys_told AS (
  SELECT
    lone_keys.shared_event_id, lone_keys.event_date, lone_keys.key_arn,
    live_events.key_arn = lone_keys.key_arn AS is_source,
    CASE WHEN live_events.key_arn = lone_keys.key_arn THEN live_events.destination_key_arn ELSE live_events.key_arn END AS other_key_arn
  FROM lone_keys
  JOIN live_events
    ON live_events.shared_event_id = lone_keys.shared_event_id
    AND live_events.event_date = lone_keys.event_date
  WHERE live_events.event_name = 'ReEncrypt' AND live_events.destination_key_arn IS NOT NULL
    AND (live_events.key_arn = lone_keys.key_arn OR live_events.destination_key_arn = lone_keys.key_arn)
)

SELECT
  shared_event_id, event_date, key_arn,
  CASE WHEN bool_or(is_source) THEN 'source' ELSE 'destination' END AS key_role,
  coalesce(max(other_key_arn) FILTER (WHERE is_source), max(other_key_arn)) AS other_key_arn
FROM keys_told
GROUP BY shared_event_id, event_date, key_arn
