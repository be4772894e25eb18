-- id: scope_counts
-- title: The daily counts that a report is about, each call counted once
-- description: scope_usage without the second copy of a cross-account call. Of the records that several
--   accounts hold of the calls of one day, key, operation, outcome and calling account (or service), those of
--   the log that holds most of them count, and where several hold as many those of the caller's account, which name the
--   caller, else of another than the key's. Records of network activity are left out, and so are records that correct earlier
--   ones and whose events are no longer held: those have told the call.
--   caller_account is the account of the caller, null where the record does not tell it (a service).
--   is_other_key marks all but the first key of calls that typed an alias on a day on which it moved and of which
--   the events are no longer held: they
--   are here for each key that the alias pointed to, so whoever adds up over keys leaves these out.
-- depends: scope_usage

WITH marked AS (
  SELECT *, false AS is_other_key
  FROM scope_usage
  WHERE doubt IS NULL AND record_role <> 'network'
  UNION ALL
  SELECT
    *,
    row_number() OVER (
      PARTITION BY
        event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region, use_label
      ORDER BY key_arn
    ) > 1 AS is_other_key
  FROM scope_usage
  WHERE doubt = 'alias' AND record_role <> 'network'
),

named AS (
  SELECT
    *,
    CASE
      WHEN caller LIKE 'arn:%' THEN nullif(split_part(caller, ':', 5), '')
      WHEN caller LIKE 'account:%' THEN split_part(caller, ':', 2)
      WHEN record_role = 'caller_copy' THEN recipient_account_id
    END AS caller_account
  FROM marked
),

-- What the records of several accounts have in common, in columns that are never null.
shared AS (
  SELECT
    *,
    coalesce(key_arn, key, '') AS any_key,
    key_role = 'destination' AS is_destination,
    coalesce(event_name, '') AS any_event_name,
    coalesce(recipient_account_id, '') AS log,
    CASE WHEN caller LIKE 'service:%' THEN caller ELSE coalesce(caller_account, '') END AS calling
  FROM named
),

-- Only where a caller's log holds a copy is there something to compare, which is of few calls.
copied AS (
  SELECT DISTINCT any_key, is_destination, event_date, any_event_name, outcome, calling
  FROM shared
  WHERE record_role = 'caller_copy'
),

logs AS (
  SELECT
    shared.any_key, shared.is_destination, shared.event_date, shared.any_event_name, shared.outcome, shared.calling,
    shared.log, min(shared.record_role) AS record_role, sum(shared.count) AS records
  FROM copied
  JOIN shared
    ON shared.any_key = copied.any_key
    AND shared.is_destination = copied.is_destination
    AND shared.event_date = copied.event_date
    AND shared.any_event_name = copied.any_event_name
    AND shared.outcome = copied.outcome
    AND shared.calling = copied.calling
  GROUP BY
    shared.any_key, shared.is_destination, shared.event_date, shared.any_event_name, shared.outcome, shared.calling,
    shared.log
),

compared AS (
  SELECT
    any_key, is_destination, event_date, any_event_name, outcome, calling,
    first_value(log ORDER BY records DESC, log <> calling, record_role, log) AS counted_log
  FROM logs
  GROUP BY any_key, is_destination, event_date, any_event_name, outcome, calling
)

SELECT
  shared.event_date, shared.key, shared.key_role, shared.caller, shared.event_name, shared.outcome, shared.invoked_by,
  shared.recipient_account_id, shared.region, shared.record_role, shared.use_label, shared.count, shared.first_time,
  shared.last_time, shared.hours_mask, shared.key_arn, shared.kind, shared.caller_account, shared.is_other_key
FROM shared
LEFT JOIN compared
  ON compared.any_key = shared.any_key
  AND compared.is_destination = shared.is_destination
  AND compared.event_date = shared.event_date
  AND compared.any_event_name = shared.any_event_name
  AND compared.outcome = shared.outcome
  AND compared.calling = shared.calling
WHERE shared.log = coalesce(compared.counted_log, shared.log)
