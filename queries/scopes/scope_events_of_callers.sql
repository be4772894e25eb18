-- id: scope_events_of_callers
-- title: Records in the window that pass the filters, for any account and caller
-- description: Rows of key_events in the window that pass all filters of the report except account and caller: for
--   questions that compare the records of several accounts and apply these two themselves.
-- depends: key_events

SELECT *
FROM key_events
WHERE (
    (cardinality($key_arns) = 0 AND cardinality($key_names) = 0)
    OR array_has($key_arns, key_arn)
    OR array_has($key_names, coalesce(key_arn, key_as_typed))
  )
  AND (
    $region IS NULL OR cardinality($key_arns) > 0
    OR coalesce(nullif(split_part(key_arn, ':', 4), ''), region) = $region
  )
  AND (
    cardinality($key_accounts) = 0
    OR array_has($key_accounts, coalesce(nullif(split_part(key_arn, ':', 5), ''), recipient_account_id))
  )
  AND (cardinality($tagged_keys) = 0 OR array_has($tagged_keys, key_arn))
  AND ($service IS NULL OR coalesce(invoked_by, service) = $service)
  AND ($hide_own IS NOT TRUE OR use_label IS NULL)
  AND ($since IS NULL OR (event_time >= $since AND event_date >= CAST($since AS DATE)))
  AND ($until IS NULL OR (event_time < $until AND event_date <= CAST($until AS DATE)))
