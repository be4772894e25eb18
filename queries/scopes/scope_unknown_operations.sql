-- id: scope_unknown_operations
-- title: Possible uses by unknown operations
-- description: One text if calls of the window that pass the filters succeeded with an operation in no list
--   (unknown_operations), else none: they may be uses, and reports on uses do not count them. A row of the daily counts
--   that overlaps the window counts in full.
-- depends: unknown_operations, usage_by_key

SELECT
  'calls that may be uses, because this version of keytrail does not know their operation: '
    || string_agg(operation || ' ' || calls, ', ' ORDER BY calls DESC, operation) AS text
FROM (
  SELECT operation, sum(count) AS calls
  FROM (SELECT coalesce(event_name, '(no name)') AS operation FROM unknown_operations) AS names
  JOIN usage_by_key ON coalesce(usage_by_key.event_name, '(no name)') = names.operation
  WHERE outcome = 'success' AND record_role <> 'network' AND key_role <> 'both' AND (doubt IS DISTINCT FROM 'correction')
    AND (
      (cardinality($key_arns) = 0 AND cardinality($key_names) = 0 AND key_role <> 'destination')
      OR array_has($key_arns, key_arn)
      OR array_has($key_names, coalesce(key_arn, key))
    )
    AND ($account IS NULL OR cardinality($key_arns) > 0 OR recipient_account_id = $account)
    AND (
      $region IS NULL OR cardinality($key_arns) > 0
      OR coalesce(nullif(split_part(key_arn, ':', 4), ''), region) = $region
    )
    AND (
      cardinality($key_accounts) = 0
      OR array_has($key_accounts, coalesce(nullif(split_part(key_arn, ':', 5), ''), recipient_account_id))
    )
    AND (cardinality($tagged_keys) = 0 OR array_has($tagged_keys, key_arn))
    AND ($caller IS NULL OR caller IS NOT DISTINCT FROM $caller)
    AND ($since IS NULL OR (last_time >= $since AND event_date >= CAST($since AS DATE)))
    AND ($until IS NULL OR (first_time < $until AND event_date <= CAST($until AS DATE)))
  GROUP BY operation
)
HAVING count(*) > 0
