-- id: key_uses
-- title: KMS operations, one row per key
-- description: key_events with each operation counted once. A correction replaces the record that it corrects. Of the
--   records of a cross-account call (same sharedEventID, or same request if a record has none), the one in the log of
--   the key's account counts, else the first of the others. VPC endpoint records of calls that KMS logged too are left
--   out; dry runs are included (is_dry_run). If the counted record identifies the caller by account only, then caller,
--   session, credentials, source address, user agent and TLS details come from the record in the caller's own log.
-- column kind: `use` for a cryptographic operation, `management` for any other, `unknown` for an operation that this
--   version of keytrail does not know, which may be a use
-- column log_accounts: accounts whose logs have a record of the call; null if the call is not cross-account
-- columns: as in key_events
-- depends: key_events, replacements, replaced_times, told_sides, copied_keys, copied_calls

-- A record is looked up among those that were replaced only where one of them has its time.
WITH standing AS (
  SELECT key_events.*
  FROM key_events
  WHERE NOT EXISTS (SELECT 1 FROM replaced_times WHERE replaced_times.event_time = key_events.event_time)
  UNION ALL
  SELECT key_events.*
  FROM key_events
  WHERE event_time IN (SELECT event_time FROM replaced_times)
    AND NOT EXISTS (
      SELECT 1
      FROM replacements
      WHERE replacements.event_id = key_events.event_id
        AND replacements.event_name = key_events.event_name
        AND replacements.event_time = key_events.event_time
        AND (replacements.recipient_account_id IS NOT DISTINCT FROM key_events.recipient_account_id)
        AND coalesce(replacements.region = key_events.region, true)
        AND coalesce(replacements.content_hash = key_events.content_hash, true)
    )
),

marked AS (
  SELECT
    standing.* EXCLUDE (key_role, other_key_arn),
    operation_kind(event_name) AS kind,
    -- Where a record of a ReEncrypt lists one key only, another one tells which side that is.
    coalesce(told_sides.key_role, standing.key_role) AS key_role,
    coalesce(told_sides.other_key_arn, standing.other_key_arn) AS other_key_arn,
    coalesce(standing.shared_event_id, copied_calls.call_id) AS call_id,
    caller = 'unknown' OR caller LIKE 'account:%' OR coalesce(identity_type = 'AWSAccount', false) AS is_bare
  FROM standing
  LEFT JOIN told_sides
    ON told_sides.shared_event_id = standing.shared_event_id
    AND told_sides.event_date = standing.event_date
    AND told_sides.key_arn = standing.key_arn
    AND standing.key_role = 'only' AND standing.event_name = 'ReEncrypt'
  LEFT JOIN copied_calls
    ON copied_calls.request = standing.request_id
    AND copied_calls.at = standing.event_time
    AND copied_calls.operation = standing.event_name
  WHERE NOT is_network(event_type, outcome)
),

ranked AS (
  SELECT
    *,
    -- The owner's records come first; where there is one, no copy counts.
    count(*) FILTER (WHERE record_role = 'owner')
      OVER (PARTITION BY key_arn, key_role, event_date, call_id) AS owner_records,
    array_agg(recipient_account_id) OVER (PARTITION BY key_arn, key_role, event_date, call_id) AS log_accounts,
    row_number() OVER (
      PARTITION BY key_arn, key_role, event_date, call_id
      ORDER BY record_role DESC, recipient_account_id, event_id, content_hash
    ) AS place,
    first_value(recipient_account_id) OVER (
      PARTITION BY key_arn, key_role, event_date, call_id
      ORDER BY record_role DESC, recipient_account_id, event_id, content_hash
    ) AS counted_log,
    -- A record that tells only an account is told the rest by the caller's own.
    is_bare AND bool_or(record_role = 'caller_copy' AND NOT is_bare)
      OVER (PARTITION BY key_arn, key_role, event_date, call_id) AS is_told
  FROM marked
  -- Of any other key one account's log tells all.
  WHERE call_id IS NOT NULL AND key_arn IN (SELECT any_key FROM copied_keys)
),

shared AS (
  SELECT
    key_arn, key_as_typed, key_role, other_key_arn, resolution, record_role, kind, event_time, event_date,
    event_name, outcome, caller_account_id, invoked_by, service, resource, resource_list, recipient_account_id,
    region, error_code, is_dry_run, is_correction, use_label, shared_event_id, event_id, content_hash,
    error_message, denied_by, is_read_only, grant_id, alias_name, attestation_module_id, attestation_image_digest,
    custom_key_store_id, pending_window_days, deletion_date, request, response, additional_event_data, request_id,
    event_type, key_material_id, encryption_context, log_accounts, owner_records, place,
    counted_log,
    CASE WHEN is_told THEN coalesce(first_value(caller) OVER caller_first, caller) ELSE caller END AS caller,
    CASE WHEN is_told THEN coalesce(first_value(session_name) OVER caller_first, session_name) ELSE session_name END AS session_name,
    CASE WHEN is_told THEN coalesce(first_value(user_arn) OVER caller_first, user_arn) ELSE user_arn END AS user_arn,
    CASE WHEN is_told THEN coalesce(first_value(user_name) OVER caller_first, user_name) ELSE user_name END AS user_name,
    CASE WHEN is_told THEN coalesce(first_value(identity_type) OVER caller_first, identity_type) ELSE identity_type END AS identity_type,
    CASE WHEN is_told THEN coalesce(first_value(access_key_id) OVER caller_first, access_key_id) ELSE access_key_id END AS access_key_id,
    CASE WHEN is_told THEN coalesce(first_value(principal_id) OVER caller_first, principal_id) ELSE principal_id END AS principal_id,
    CASE WHEN is_told THEN coalesce(first_value(source_identity) OVER caller_first, source_identity) ELSE source_identity END AS source_identity,
    CASE WHEN is_told THEN coalesce(first_value(on_behalf_of) OVER caller_first, on_behalf_of) ELSE on_behalf_of END AS on_behalf_of,
    CASE WHEN is_told THEN coalesce(first_value(credential_id) OVER caller_first, credential_id) ELSE credential_id END AS credential_id,
    CASE WHEN is_told THEN coalesce(first_value(source_ip) OVER caller_first, source_ip) ELSE source_ip END AS source_ip,
    CASE WHEN is_told THEN coalesce(first_value(user_agent) OVER caller_first, user_agent) ELSE user_agent END AS user_agent,
    CASE WHEN is_told THEN coalesce(first_value(vpc_endpoint_id) OVER caller_first, vpc_endpoint_id) ELSE vpc_endpoint_id END AS vpc_endpoint_id,
    CASE WHEN is_told THEN coalesce(first_value(tls_version) OVER caller_first, tls_version) ELSE tls_version END AS tls_version,
    CASE WHEN is_told THEN coalesce(first_value(tls_cipher_suite) OVER caller_first, tls_cipher_suite) ELSE tls_cipher_suite END AS tls_cipher_suite,
    CASE WHEN is_told THEN coalesce(first_value(tls_key_exchange) OVER caller_first, tls_key_exchange) ELSE tls_key_exchange END AS tls_key_exchange,
    CASE WHEN is_told THEN coalesce(first_value(tls_host) OVER caller_first, tls_host) ELSE tls_host END AS tls_host,
    CASE WHEN is_told THEN coalesce(first_value(is_mfa) OVER caller_first, is_mfa) ELSE is_mfa END AS is_mfa,
    CASE WHEN is_told THEN coalesce(first_value(is_console) OVER caller_first, is_console) ELSE is_console END AS is_console
  FROM ranked
  WINDOW caller_first AS (
    PARTITION BY key_arn, key_role, event_date, call_id
    ORDER BY
      record_role = 'owner' OR is_bare, coalesce(recipient_account_id <> caller_account_id, true),
      recipient_account_id, event_id, content_hash
  )
)

SELECT
  key_arn, key_as_typed, key_role, other_key_arn, resolution, record_role, kind, event_time, event_date,
  event_name, outcome, caller, caller_account_id, session_name, invoked_by, service, resource, resource_list,
  recipient_account_id, region, error_code, is_dry_run, is_correction, use_label, shared_event_id, event_id,
  content_hash, error_message, denied_by, user_arn, user_name, identity_type, access_key_id, principal_id,
  source_identity, on_behalf_of, credential_id, source_ip, user_agent, vpc_endpoint_id, tls_version,
  tls_cipher_suite, tls_key_exchange, tls_host, is_mfa, is_console, is_read_only, grant_id, alias_name,
  attestation_module_id, attestation_image_digest, custom_key_store_id, pending_window_days, deletion_date,
  request, response, additional_event_data, request_id, event_type, key_material_id, encryption_context,
  CASE WHEN call_id IS NOT NULL THEN make_array(recipient_account_id) END AS log_accounts
FROM marked
WHERE NOT EXISTS (
  SELECT 1 FROM copied_keys WHERE copied_keys.any_key = marked.key_arn AND marked.call_id IS NOT NULL
)
UNION ALL
SELECT
  key_arn, key_as_typed, key_role, other_key_arn, resolution, record_role, kind, event_time, event_date,
  event_name, outcome, caller, caller_account_id, session_name, invoked_by, service, resource, resource_list,
  recipient_account_id, region, error_code, is_dry_run, is_correction, use_label, shared_event_id, event_id,
  content_hash, error_message, denied_by, user_arn, user_name, identity_type, access_key_id, principal_id,
  source_identity, on_behalf_of, credential_id, source_ip, user_agent, vpc_endpoint_id, tls_version,
  tls_cipher_suite, tls_key_exchange, tls_host, is_mfa, is_console, is_read_only, grant_id, alias_name,
  attestation_module_id, attestation_image_digest, custom_key_store_id, pending_window_days, deletion_date,
  request, response, additional_event_data, request_id, event_type, key_material_id, encryption_context, log_accounts
FROM shared
WHERE record_role = 'owner'
  -- One request may be several calls, which one log tells apart; a sharedEventID is one.
  OR (owner_records = 0 AND (place = 1 OR (shared_event_id IS NULL AND recipient_account_id = counted_log)))
