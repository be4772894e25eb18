-- id: told_calls
-- title: What several records of a call say together
-- description: For each call of told_twice: the number of records in the log of the key's account, which count where there
--   are any, else the first of the others and its log; the accounts whose logs have a record; and what the caller's own
--   record says of the caller (own_caller and others, null if there is none that identifies it).
-- internal: computed_uses counts one record of each of these calls
-- depends: live_records, told_twice
-- kept: all records are looked up in it

SELECT
  live_records.key_arn, live_records.key_role, live_records.event_date, live_records.call_id,
  count(*) FILTER (WHERE record_role = 'owner') AS owner_records,
  first_value(recipient_account_id ORDER BY record_role DESC, recipient_account_id, event_id, content_hash) AS counted_log,
  first_value(event_id ORDER BY record_role DESC, recipient_account_id, event_id, content_hash) AS counted_event_id,
  first_value(content_hash ORDER BY record_role DESC, recipient_account_id, event_id, content_hash) AS counted_content,
  array_agg(DISTINCT recipient_account_id) AS log_accounts,
  callers_record(caller) AS own_caller, callers_record(session_name) AS own_session_name,
  callers_record(user_arn) AS own_user_arn, callers_record(user_name) AS own_user_name,
  callers_record(identity_type) AS own_identity_type, callers_record(access_key_id) AS own_access_key_id,
  callers_record(principal_id) AS own_principal_id, callers_record(source_identity) AS own_source_identity,
  callers_record(on_behalf_of) AS own_on_behalf_of, callers_record(credential_id) AS own_credential_id,
  callers_record(source_ip) AS own_source_ip, callers_record(user_agent) AS own_user_agent,
  callers_record(vpc_endpoint_id) AS own_vpc_endpoint_id, callers_record(tls_version) AS own_tls_version,
  callers_record(tls_cipher_suite) AS own_tls_cipher_suite, callers_record(tls_key_exchange) AS own_tls_key_exchange,
  callers_record(tls_host) AS own_tls_host, callers_record(is_mfa) AS own_is_mfa,
  callers_record(is_console) AS own_is_console
FROM told_twice
JOIN live_records
  ON live_records.key_arn = told_twice.key_arn AND live_records.key_role = told_twice.key_role
  AND live_records.event_date = told_twice.event_date AND live_records.call_id = told_twice.call_id
GROUP BY 1, 2, 3, 4
