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

-- What the records of two accounts have in common, as one value: where a filter makes one part of it a constant,
-- the engine refuses a window over the parts.
shared AS (
  SELECT
    *,
    named_struct(
      'key', coalesce(key_arn, key), 'key_role', key_role, 'event_date', event_date, 'event_name', event_name,
      'outcome', outcome, 'calling', CASE WHEN caller LIKE 'service:%' THEN caller ELSE caller_account END
    ) AS calls
  FROM named
),

compared AS (
  SELECT
    *,
    sum(CASE WHEN record_role = 'owner' THEN count ELSE -count END) OVER (PARTITION BY calls) AS owners_surplus
  FROM shared
)

SELECT
  event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region, record_role,
  use_label, count, first_time, last_time, hours_mask, key_arn, kind, caller_account, is_other_key
FROM compared
WHERE (record_role = 'owner') = (owners_surplus > 0)
