-- id: scope_counts
-- title: The daily counts that a report is about, each call counted once
-- description: scope_usage without the second copy of a cross-account call. Of the records that two
--   accounts hold of the calls of one day, key, operation, outcome and calling account (or service), those of
--   the log that holds more of them count, and where both hold as many the caller's, which name the caller.
--   Corrections are left out, since they tell again what the records that they correct have told.
--   caller_account is the account of the caller, null where the record does not tell it (a service).
--   is_other_key marks all but the first key of calls that typed an alias on a day on which it moved: they
--   are here for each key that the alias pointed to, so whoever adds up over keys leaves these out.
-- depends: scope_usage

WITH marked AS (
  SELECT *, false AS is_other_key
  FROM scope_usage
  WHERE NOT is_correction AND (key IS NULL OR key NOT LIKE '%alias/%')
  UNION ALL
  SELECT
    *,
    row_number() OVER (
      PARTITION BY
        event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region, use_label
      ORDER BY key_arn
    ) > 1 AS is_other_key
  FROM scope_usage
  WHERE NOT is_correction AND key LIKE '%alias/%'
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

-- What the records of two accounts have in common, in columns that are never null.
shared AS (
  SELECT
    *,
    coalesce(key_arn, key, '') AS any_key,
    coalesce(event_name, '') AS any_event_name,
    CASE WHEN caller LIKE 'service:%' THEN caller ELSE coalesce(caller_account, '') END AS calling
  FROM named
),

-- Only where a caller's log holds a copy is there something to compare, which is of few calls.
copies AS (
  SELECT any_key, key_role, event_date, any_event_name, outcome, calling, sum(count) AS records
  FROM shared
  WHERE record_role = 'caller_copy'
  GROUP BY any_key, key_role, event_date, any_event_name, outcome, calling
),

compared AS (
  SELECT
    copies.any_key, copies.key_role, copies.event_date, copies.any_event_name, copies.outcome, copies.calling,
    coalesce(sum(owners.count), 0) > max(copies.records) AS is_owners
  FROM copies
  LEFT JOIN shared AS owners
    ON owners.any_key = copies.any_key
    AND owners.key_role = copies.key_role
    AND owners.event_date = copies.event_date
    AND owners.any_event_name = copies.any_event_name
    AND owners.outcome = copies.outcome
    AND owners.calling = copies.calling
    AND owners.record_role = 'owner'
  GROUP BY
    copies.any_key, copies.key_role, copies.event_date, copies.any_event_name, copies.outcome, copies.calling
)

SELECT
  shared.event_date, shared.key, shared.key_role, shared.caller, shared.event_name, shared.outcome, shared.invoked_by,
  shared.recipient_account_id, shared.region, shared.record_role, shared.use_label, shared.count, shared.first_time,
  shared.last_time, shared.hours_mask, shared.key_arn, shared.kind, shared.caller_account, shared.is_other_key
FROM shared
LEFT JOIN compared
  ON compared.any_key = shared.any_key
  AND compared.key_role = shared.key_role
  AND compared.event_date = shared.event_date
  AND compared.any_event_name = shared.any_event_name
  AND compared.outcome = shared.outcome
  AND compared.calling = shared.calling
WHERE (shared.record_role = 'owner') = coalesce(compared.is_owners, true)
