-- id: computed_uses
-- title: KMS operations, one row per key, from the records
-- description: What is stored as key_uses when a day is settled, and what key_uses reads for the days that are not. Each
--   operation of live_records counts once. A correction replaces the record that it corrects. Of the records of a
--   cross-account call (same sharedEventID, or same request if a record has none), the one in the log of the key's account
--   counts, else the first of the others. VPC endpoint records of calls that KMS logged too are left out; dry runs are
--   included (is_dry_run). If the counted record identifies the caller by account only, then caller, session, credentials,
--   source address, user agent and TLS details come from the record in the caller's own log.
-- internal: key_uses has the same rows, and reads them where they are stored
-- depends: live_records, told_calls

SELECT
  event_time, live_records.event_date, live_records.key_arn, key_as_typed, live_records.key_role, resolution, kind,
  event_name, outcome, callers_own(caller, own_caller) AS caller, invoked_by, recipient_account_id, region, service,
  resource, event_id, callers_own(access_key_id, own_access_key_id) AS access_key_id,
  callers_own(principal_id, own_principal_id) AS principal_id,
  callers_own(session_name, own_session_name) AS session_name,
  callers_own(source_identity, own_source_identity) AS source_identity,
  callers_own(on_behalf_of, own_on_behalf_of) AS on_behalf_of,
  callers_own(credential_id, own_credential_id) AS credential_id, grant_id,
  callers_own(source_ip, own_source_ip) AS source_ip, callers_own(user_agent, own_user_agent) AS user_agent,
  callers_own(vpc_endpoint_id, own_vpc_endpoint_id) AS vpc_endpoint_id, error_code, denied_by,
  callers_own(identity_type, own_identity_type) AS identity_type, callers_own(user_arn, own_user_arn) AS user_arn,
  caller_account_id, callers_own(user_name, own_user_name) AS user_name, record_role, other_key_arn, is_dry_run,
  callers_own(is_mfa, own_is_mfa) AS is_mfa, callers_own(is_console, own_is_console) AS is_console, is_read_only,
  is_correction, use_label, content_hash, error_message, alias_name,
  callers_own(tls_version, own_tls_version) AS tls_version,
  callers_own(tls_cipher_suite, own_tls_cipher_suite) AS tls_cipher_suite,
  callers_own(tls_key_exchange, own_tls_key_exchange) AS tls_key_exchange,
  callers_own(tls_host, own_tls_host) AS tls_host, key_material_id, pending_window_days, deletion_date,
  attestation_module_id, attestation_image_digest, custom_key_store_id, event_type,
  -- Which account's log has a record of a call that another one may have too.
  array_sort(coalesce(log_accounts, CASE WHEN live_records.call_id IS NOT NULL THEN make_array(recipient_account_id) END)) AS log_accounts,
  resource_list, encryption_context, request, response
-- The engine builds its table of what stands first, which are few.
FROM told_calls
RIGHT JOIN live_records
  ON told_calls.key_arn = live_records.key_arn AND told_calls.key_role = live_records.key_role
  AND told_calls.event_date = live_records.event_date AND told_calls.call_id = live_records.call_id
WHERE told_calls.call_id IS NULL
  -- The records of the owner's log count; where there are none, the first of the others.
  OR record_role = 'owner'
  OR (
    owner_records = 0
    AND (
      ((event_id IS NOT DISTINCT FROM counted_event_id) AND content_hash = counted_content)
      -- One request may be several calls, which one log tells apart; a sharedEventID is one.
      OR (shared_event_id IS NULL AND recipient_account_id = counted_log)
    )
  )
