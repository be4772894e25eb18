-- id: key_uses
-- title: Every operation, once for each key it is about
-- description: key_events with each operation counted once. A record that a later one corrects
--   is replaced by the correction that was read last (replaced_events). Of the
--   records that two accounts hold of one cross-account call (equal shared_event_id, same key and
--   day), the one in the log of the key's account counts, else the first of the others; its caller and
--   session are those of the caller's own record where the counted one tells only an account.
--   kind is use for a cryptographic operation, else management. Dry runs are in here, marked is_dry_run.
-- depends: key_events, replaced_events, crypto_operations

WITH standing AS (
  SELECT
    key_events.*,
    CASE WHEN crypto_operations.event_name IS NULL THEN 'management' ELSE 'use' END AS kind
  FROM key_events
  LEFT JOIN crypto_operations ON crypto_operations.event_name = key_events.event_name
  WHERE NOT EXISTS (
    SELECT 1
    FROM replaced_events
    WHERE replaced_events.event_id = key_events.event_id
      AND replaced_events.content_hash = key_events.content_hash
      AND (replaced_events.recipient_account_id IS NOT DISTINCT FROM key_events.recipient_account_id)
  )
),

shared AS (
  SELECT
    *,
    -- The owner's records come first; where there is one, no copy counts.
    count(*) FILTER (WHERE record_role = 'owner')
      OVER (PARTITION BY key_arn, key_role, event_date, shared_event_id) AS owner_records,
    row_number() OVER (
      PARTITION BY key_arn, key_role, event_date, shared_event_id
      ORDER BY record_role DESC, recipient_account_id, event_id, content_hash
    ) AS place,
    max(caller) FILTER (WHERE record_role = 'caller_copy' AND caller NOT LIKE 'account:%')
      OVER (PARTITION BY key_arn, key_role, event_date, shared_event_id) AS named_caller,
    max(session_name) FILTER (WHERE record_role = 'caller_copy')
      OVER (PARTITION BY key_arn, key_role, event_date, shared_event_id) AS named_session
  FROM standing
  WHERE shared_event_id IS NOT NULL
)

SELECT
  key_arn, key_as_typed, key_role, other_key_arn, resolution, record_role, kind,
  event_time, event_date, event_name, outcome, caller, caller_account_id, session_name, invoked_by,
  service, resource, resource_list, recipient_account_id, region, error_code, is_dry_run, is_correction,
  use_label, shared_event_id, event_id, content_hash
FROM standing
WHERE shared_event_id IS NULL
UNION ALL
SELECT
  key_arn, key_as_typed, key_role, other_key_arn, resolution, record_role, kind,
  event_time, event_date, event_name, outcome,
  CASE WHEN caller LIKE 'account:%' THEN coalesce(named_caller, caller) ELSE caller END AS caller,
  caller_account_id,
  coalesce(session_name, named_session) AS session_name,
  invoked_by,
  service, resource, resource_list, recipient_account_id, region, error_code, is_dry_run, is_correction,
  use_label, shared_event_id, event_id, content_hash
FROM shared
WHERE key_arn IS NULL OR record_role = 'owner' OR (owner_records = 0 AND place = 1)
