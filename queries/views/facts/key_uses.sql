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
WITH records_not_replaced AS (
  SELECT key_events.*
  FROM key_events
  WHERE NOT EXISTS (SELECT 1 FROM replaced_times WHERE replaced_times.event_time = key_events.event_time)
  UNION ALL
  SELECT key_events.*
  FROM key_events
  WHERE event_time IN (SELECT event_time FROM replaced_times)
    AND NOT is_replaced(key_events)
),

records AS (
  SELECT
    records_not_replaced.* EXCLUDE (key_role, other_key_arn),
    operation_kind(event_name) AS kind,
    -- Where a record of a ReEncrypt lists one key only, another one tells which side that is.
    coalesce(told_sides.key_role, records_not_replaced.key_role) AS key_role,
    coalesce(told_sides.other_key_arn, records_not_replaced.other_key_arn) AS other_key_arn,
    coalesce(records_not_replaced.shared_event_id, copied_calls.call_id) AS call_id,
    caller = 'unknown' OR caller LIKE 'account:%' OR coalesce(identity_type = 'AWSAccount', false) AS is_bare
  FROM records_not_replaced
  LEFT JOIN told_sides
    ON told_sides.shared_event_id = records_not_replaced.shared_event_id
    AND told_sides.event_date = records_not_replaced.event_date
    AND told_sides.key_arn = records_not_replaced.key_arn
    AND records_not_replaced.key_role = 'only' AND records_not_replaced.event_name = 'ReEncrypt'
  LEFT JOIN copied_calls
    ON copied_calls.request = records_not_replaced.request_id
    AND copied_calls.at = records_not_replaced.event_time
    AND copied_calls.operation = records_not_replaced.event_name
  WHERE record_role <> 'network'
),

copies AS (
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
  FROM records
  -- Of any other key one account's log tells all.
  WHERE call_id IS NOT NULL AND key_arn IN (SELECT any_key FROM copied_keys)
),

counted_records AS (
  SELECT *, CASE WHEN call_id IS NOT NULL THEN make_array(recipient_account_id) END AS log_accounts
  FROM records
  WHERE NOT EXISTS (
    SELECT 1 FROM copied_keys WHERE copied_keys.any_key = records.key_arn AND records.call_id IS NOT NULL
  )
  UNION ALL
  SELECT * EXCLUDE (owner_records, log_accounts, place, counted_log, is_told), log_accounts
  FROM (
    SELECT * REPLACE (
      callers_own(caller) AS caller, callers_own(session_name) AS session_name, callers_own(user_arn) AS user_arn,
      callers_own(user_name) AS user_name, callers_own(identity_type) AS identity_type,
      callers_own(access_key_id) AS access_key_id, callers_own(principal_id) AS principal_id,
      callers_own(source_identity) AS source_identity, callers_own(on_behalf_of) AS on_behalf_of,
      callers_own(credential_id) AS credential_id, callers_own(source_ip) AS source_ip,
      callers_own(user_agent) AS user_agent, callers_own(vpc_endpoint_id) AS vpc_endpoint_id,
      callers_own(tls_version) AS tls_version, callers_own(tls_cipher_suite) AS tls_cipher_suite,
      callers_own(tls_key_exchange) AS tls_key_exchange, callers_own(tls_host) AS tls_host,
      callers_own(is_mfa) AS is_mfa, callers_own(is_console) AS is_console
    )
    FROM copies
  ) AS told_copies
  WHERE record_role = 'owner'
    -- One request may be several calls, which one log tells apart; a sharedEventID is one.
    OR (owner_records = 0 AND (place = 1 OR (shared_event_id IS NULL AND recipient_account_id = counted_log)))
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
  log_accounts
FROM counted_records
