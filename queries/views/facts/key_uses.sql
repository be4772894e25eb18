-- id: key_uses
-- title: KMS operations, one row per key
-- description: One row per operation and key, so a ReEncrypt has two, each operation counted once. A correction replaces the record that it corrects. Of the
--   records of a cross-account call (same sharedEventID, or same request if a record has none), the one in the log of
--   the key's account counts, else the first of the others. VPC endpoint records of calls that KMS logged too are left
--   out; dry runs are included (is_dry_run). If the counted record identifies the caller by account only, then caller,
--   session, credentials, source address, user agent and TLS details come from the record in the caller's own log. Rows
--   of settled days are stored; those of other days are computed.
-- column kind: `use` for a cryptographic operation, `management` for any other, `unknown` for an operation that this
--   version of keytrail does not know, which may be a use
-- columns: as in key_uses
-- depends: computed_uses

SELECT * EXCLUDE (event_month)
FROM stored_key_uses
WHERE is_settled_day(event_date)
UNION ALL
SELECT *
FROM computed_uses
