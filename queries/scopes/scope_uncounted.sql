-- id: scope_uncounted
-- title: What the daily counts leave out or cannot say
-- description: Notes about the records of the window, within the filters of the report, that are not counted or not under the
--   right key: one row each, if there are any.
-- depends: scope_counts

WITH counts AS (
  SELECT
    sum(count) FILTER (WHERE outcome = 'dry_run' AND kind = 'use') AS dry_runs,
    sum(count) FILTER (WHERE outcome = 'success' AND kind = 'use' AND key_arn IS NULL) AS keyless
  FROM scope_counts
),

corrections AS (
  SELECT sum(count) AS count
  FROM usage_daily
  WHERE is_correction AND is_counted_by_records(event_date)
    AND is_of_asked_keys(key, key, recipient_account_id, region)
    AND is_of_asked_account(recipient_account_id, caller) AND is_of_asked_caller(caller)
    AND overlaps_window(first_time, last_time) AND is_day_in_window(event_date)
),

notes AS (
  SELECT unnest(make_array(
    note('dry-runs', dry_runs, counted(dry_runs, 'record of a dry run', 'records of dry runs') || ' not counted'),
    note('unresolved', keyless, counted(keyless, 'use names', 'uses name') || ' no known key; counted, but for no key'),
    note(
      'deleted-corrections', corrections.count,
      counted(corrections.count, 'correction has', 'corrections have') || ' deleted events; calls may be counted as first recorded'
    )
  )) AS note
  FROM counts
  CROSS JOIN corrections
)

SELECT note['code'] AS code, note['count'] AS count, note['text'] AS text
FROM notes
WHERE note['count'] > 0
