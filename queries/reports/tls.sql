-- id: tls
-- title: TLS versions by caller
-- description: KMS calls by caller, TLS version and key exchange. All calls count, of any outcome and management calls
--   too, because the connection was made in any case. A call on two keys counts for each key; a cross-account call
--   counts once, as in the caller's log.
-- column caller: the caller
-- column tls: TLS version; null for calls that a service made for the caller
-- column key_exchange: key exchange; null if the record has none: CloudTrail logs it only in recent logs
-- column post_quantum: `yes` if the key exchange is a hybrid with ML-KEM (X25519MLKEM768, …), so that a quantum
--   computer cannot decrypt a recording of the connection, `no` for any other, null if not logged
-- column calls: number of calls
-- column last_time: last of these calls
-- column label: `cloudtrail_delivery` for CloudTrail encrypting its own logs, `self` for keytrail's own calls, else
--   null
-- caveat:
--   SELECT
--     'no-tls' AS code,
--     count(*) AS count,
--     counted(count(*), 'call has', 'calls have') || ' no TLS details (' || count(*) FILTER (WHERE invoked_by IS NOT NULL)
--       || ' made by an AWS service for a caller)' AS text
--   FROM scope_uses
--   WHERE tls_version IS NULL AND tls_key_exchange IS NULL
--   HAVING count(*) > 0

SELECT
  caller,
  tls_version AS tls,
  tls_key_exchange AS key_exchange,
  CASE
    WHEN tls_key_exchange IS NULL THEN NULL
    WHEN regexp_like(tls_key_exchange, 'mlkem|kyber', 'i') THEN 'yes'
    ELSE 'no'
  END AS post_quantum,
  count(*) AS calls,
  max(event_time) AS last_time,
  use_label AS label
FROM scope_uses
GROUP BY caller, tls_version, tls_key_exchange, use_label
ORDER BY label NULLS FIRST, post_quantum NULLS LAST, tls NULLS LAST, calls DESC, caller, key_exchange NULLS LAST
