-- id: tls
-- title: How callers connect
-- description: Calls to KMS by caller, TLS version and key exchange. post_quantum is yes where the key exchange is
--   a hybrid with ML-KEM (X25519MLKEM768, …), so that a recording of the connection stays unreadable to a quantum
--   computer, no where it is another, null where the record tells none: CloudTrail tells the key exchange only in
--   recent logs, and TLS not at all for calls that a service made on the caller's behalf. calls are all calls of any outcome, management too, because the connection was made
--   whatever KMS answered; a call on two keys counts for each, a cross-account call once, as the
--   caller's log tells it. label is self for keytrail's own calls and cloudtrail_delivery for CloudTrail writing its own logs.
-- caveat:
--   SELECT 'calls whose records tell nothing of TLS: ' || count(*) || ', of them made by an AWS service for a caller: '
--     || count(*) FILTER (WHERE invoked_by IS NOT NULL)
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
