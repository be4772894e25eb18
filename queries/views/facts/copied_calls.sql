-- id: copied_calls
-- title: Cross-account calls without a sharedEventID
-- description: Records without a sharedEventID of calls by another account than the key's, where another account's log
--   has a record of the same request, time and operation. The two are one call if they name one key. call_id is the
--   sharedEventID if any record has one, else made from the request ID.
-- internal: computed_uses counts the records of such a call once
-- depends: live_events, copied_keys
-- kept: every record of a copied key is looked up in it

WITH copies AS (
  SELECT request_id, event_date, event_time, event_name, recipient_account_id
  FROM live_events
  WHERE key_arn IN (SELECT any_key FROM copied_keys)
    AND shared_event_id IS NULL AND request_id IS NOT NULL
    AND (nullif(split_part(key_arn, ':', 5), '') <> recipient_account_id OR caller_account(caller) <> recipient_account_id)
  UNION
  SELECT request_id, event_date, event_time, event_name, recipient_account_id
  FROM live_events
  WHERE destination_key_arn IN (SELECT any_key FROM copied_keys)
    AND shared_event_id IS NULL AND request_id IS NOT NULL
    AND (
      nullif(split_part(destination_key_arn, ':', 5), '') <> recipient_account_id
      OR caller_account(caller) <> recipient_account_id
    )
)

SELECT
  copies.request_id AS request, copies.event_date, copies.event_time AS at, copies.event_name AS operation,
  coalesce(min(live_events.shared_event_id), 'request ' || copies.request_id) AS call_id
FROM copies
JOIN live_events
  ON live_events.request_id = copies.request_id
  AND live_events.event_date = copies.event_date
  AND live_events.event_time = copies.event_time
  AND live_events.event_name = copies.event_name
WHERE live_events.recipient_account_id <> copies.recipient_account_id
GROUP BY copies.request_id, copies.event_date, copies.event_time, copies.event_name
