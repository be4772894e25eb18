-- id: uses_daily
-- title: Daily counts of KMS operations by key
-- description: How many operations key_uses has per day, key, caller, operation and outcome. The rows of settled
--   days are stored, also when the events are deleted; those of other days are counted from key_uses. Of days whose events
--   an earlier version deleted, the records are counted (usage_daily), without the second records of cross-account calls
--   and without corrections.
-- column kind: `use` for a cryptographic operation, `management` for any other, `unknown` for an operation that this
--   version of keytrail does not know, which may be a use
-- column is_repeated: null where the key is certain; else only records are counted and the typed alias moved that day: the
--   row is repeated for each key that the alias pointed to, true in all of these rows but one
-- columns: as in uses_daily
-- depends: counted_uses, earlier_counts

SELECT
  event_date, key_arn, key_as_typed, key_role, resolution,
  operation_kind(event_name) AS kind,
  event_name, outcome, caller, invoked_by, service, recipient_account_id, region, record_role, log_accounts, use_label,
  count, first_time, last_time, hours_mask, is_repeated
FROM (
  SELECT * EXCLUDE (event_month), arrow_cast(NULL, 'Boolean') AS is_repeated
  FROM stored_uses_daily
  WHERE is_settled_day(event_date) AND NOT is_counted_by_records(event_date)
  UNION ALL
  SELECT *, arrow_cast(NULL, 'Boolean') AS is_repeated
  FROM counted_uses
  WHERE NOT is_counted_by_records(event_date)
  UNION ALL
  SELECT *
  FROM earlier_counts
) AS counts
