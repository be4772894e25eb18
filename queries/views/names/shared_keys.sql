-- id: shared_keys
-- title: Keys of cross-account calls, known from the other account's record
-- description: For cross-account calls where one record gives no key ARN, the ARN that the other record gives.
--   ReEncrypt is left out: each of its records may give a different one of its keys.
-- internal: live_key_events takes the key of such a record from here
-- depends: live_events
-- kept: every record without a key is looked up in it

WITH silent AS (
  -- KMS tells a refusal in the caller's log alone, so there is no other record to ask.
  SELECT DISTINCT shared_event_id, event_date, event_name
  FROM live_events
  WHERE key_arn IS NULL AND shared_event_id IS NOT NULL AND event_name <> 'ReEncrypt' AND outcome <> 'denied'
)

SELECT silent.shared_event_id, silent.event_date, silent.event_name, min(live_events.key_arn) AS key_arn
FROM silent
JOIN live_events
  ON live_events.shared_event_id = silent.shared_event_id
  AND live_events.event_date = silent.event_date
  AND live_events.event_name = silent.event_name
WHERE live_events.key_arn IS NOT NULL
GROUP BY silent.shared_event_id, silent.event_date, silent.event_name
HAVING count(DISTINCT live_events.key_arn) = 1
