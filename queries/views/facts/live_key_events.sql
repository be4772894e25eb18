-- id: live_key_events
-- title: KMS events of the days that are not settled, one row per key
-- description: live_events with the key resolved: one row per event and key, so a ReEncrypt has two. Both records of a
--   cross-account call are here, and so are corrected records and dry runs. A typed key ID or alias name means a key in the
--   account of the caller or, if the event does not give it, the account of the log. Of a key that the event does not give
--   by ARN, resolution says how it is known, as in key_uses.
-- internal: computed_uses counts each operation of it once
-- depends: live_events, typed_names, shared_keys, typed_destinations

-- What was typed for a key that the event does not tell. A condition that holds for no file reads none of it.
WITH unnamed AS (
  SELECT *, 1 AS slot, key_as_typed AS typed
  FROM live_events
  WHERE key_arn IS NULL
  UNION ALL
  SELECT *, 2 AS slot, destination_key_as_typed AS typed
  FROM live_events
  WHERE destination_key_arn IS NULL AND destination_key_as_typed IS NOT NULL
    AND event_month IN (SELECT event_month FROM typed_destinations)
),

records_by_key AS (
  SELECT
    *,
    CASE WHEN destination_key_arn IS NOT NULL OR destination_key_as_typed IS NOT NULL THEN 'source' ELSE 'only' END AS key_role,
    destination_key_arn AS other_key_arn,
    'event' AS resolution
  FROM live_events
  WHERE key_arn IS NOT NULL
  UNION ALL
  SELECT
    * REPLACE (
      destination_key_arn AS key_arn, destination_key_as_typed AS key_as_typed,
      destination_key_material_id AS key_material_id, destination_encryption_context AS encryption_context
    ),
    'destination' AS key_role,
    key_arn AS other_key_arn,
    'event' AS resolution
  FROM live_events
  WHERE destination_key_arn IS NOT NULL
  UNION ALL
  SELECT
    unnamed.* EXCLUDE (slot, typed) REPLACE (
      coalesce(shared_keys.key_arn, names.key_arn) AS key_arn,
      typed AS key_as_typed,
      CASE slot WHEN 1 THEN key_material_id ELSE destination_key_material_id END AS key_material_id,
      CASE slot WHEN 1 THEN encryption_context ELSE destination_encryption_context END AS encryption_context
    ),
    CASE
      WHEN slot = 2 THEN 'destination'
      WHEN destination_key_arn IS NOT NULL OR destination_key_as_typed IS NOT NULL THEN 'source'
      WHEN typed IS NULL AND shared_keys.key_arn IS NULL THEN 'none'
      ELSE 'only'
    END AS key_role,
    CASE slot WHEN 1 THEN destination_key_arn ELSE unnamed.key_arn END AS other_key_arn,
    CASE
      WHEN shared_keys.key_arn IS NOT NULL THEN 'shared'
      WHEN event_time < names.proven_from OR event_time > names.proven_to THEN 'alias_unproven'
      ELSE names.resolution
    END AS resolution
  FROM unnamed
  LEFT JOIN typed_names AS names ON is_name_of(names, unnamed, unnamed.typed)
  LEFT JOIN shared_keys
    ON shared_keys.shared_event_id = unnamed.shared_event_id
    AND shared_keys.event_date = unnamed.event_date
    AND shared_keys.event_name = unnamed.event_name
)

SELECT
  key_arn, key_as_typed, key_role, other_key_arn, resolution,
  event_time, event_date, event_name, outcome, caller, caller_account_id, session_name, invoked_by,
  service, resource, resource_list, recipient_account_id, region, error_code, is_dry_run, is_correction,
  use_label, shared_event_id, event_id, content_hash,
  error_message, denied_by, user_arn, user_name, identity_type, access_key_id, principal_id, source_identity,
  on_behalf_of, credential_id, source_ip, user_agent, vpc_endpoint_id, tls_version, tls_cipher_suite,
  tls_key_exchange, tls_host, is_mfa, is_console, is_read_only, grant_id, alias_name, attestation_module_id,
  attestation_image_digest, custom_key_store_id, pending_window_days, deletion_date, request_id,
  event_type, key_material_id, encryption_context,
  -- Facts have the documents of few operations: those of the others are not joined and sorted.
  CASE WHEN operation_kind(event_name) <> 'use' THEN request END AS request,
  CASE WHEN operation_kind(event_name) <> 'use' THEN response END AS response,
  record_role(records_by_key, key_arn) AS record_role
FROM records_by_key
