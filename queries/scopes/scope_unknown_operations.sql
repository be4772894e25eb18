-- id: scope_unknown_operations
-- title: Possible uses by unknown operations
-- description: One note if calls of the window that pass the filters succeeded with an operation in no list
--   (unknown_operations), else none: they may be uses, and reports on uses do not count them. A row of the daily counts
--   that overlaps the window counts in full.
-- depends: unknown_operations, uses_daily

SELECT
  'unknown-operations' AS code,
  sum(calls) AS count,
  counted(sum(calls), 'call uses an operation', 'calls use operations') || ' that this version does not know ('
    || string_agg(operation || ' ' || calls, ', ' ORDER BY place) FILTER (WHERE place <= 3)
    || CASE WHEN count(*) > 3 THEN ', …' ELSE '' END
    || CASE sum(calls) WHEN 1 THEN '); may be a use' ELSE '); may be uses' END AS text
FROM (
  SELECT operation, sum(count) AS calls, row_number() OVER (ORDER BY sum(count) DESC, operation) AS place
  FROM (SELECT coalesce(event_name, '(no name)') AS operation FROM unknown_operations) AS names
  JOIN uses_daily ON coalesce(uses_daily.event_name, '(no name)') = names.operation
  WHERE outcome = 'success' AND key_role <> 'both' AND is_repeated IS NOT TRUE
    AND is_of_asked_keys(key_arn, key_as_typed, recipient_account_id, region)
    -- Without a key each call counts once.
    AND (key_role <> 'destination' OR is_key_asked())
    AND ($account IS NULL OR cardinality($key_arns) > 0 OR recipient_account_id = $account)
    AND is_of_asked_caller(caller)
    AND overlaps_window(first_time, last_time) AND is_day_in_window(event_date)
  GROUP BY operation
)
HAVING count(*) > 0
