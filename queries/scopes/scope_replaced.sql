-- id: scope_replaced
-- title: Records of the key in the window that a correction replaces
-- description: ID, account and content of the records that name the key asked for, by ARN or as typed, and are not counted
--   because a correction replaces them (replacements); the correction may name another key. Filters mean the same as in
--   scope_uses_ever.
-- depends: replacements, typed_names, days_with_corrections

WITH records AS (
  SELECT *
  FROM kms_events
  WHERE array_has($key_arns, key_arn)
  UNION ALL
  SELECT *
  FROM kms_events
  WHERE array_has($key_arns, destination_key_arn)
  UNION ALL
  SELECT kms_events.*
  FROM kms_events
  LEFT JOIN typed_names AS names ON is_name_of(names, kms_events, kms_events.key_as_typed)
  WHERE kms_events.key_arn IS NULL AND (array_has($key_arns, names.key_arn) OR array_has($key_names, kms_events.key_as_typed))
  UNION ALL
  SELECT kms_events.*
  FROM kms_events
  JOIN typed_names AS names ON is_name_of(names, kms_events, kms_events.destination_key_as_typed)
  WHERE kms_events.destination_key_arn IS NULL AND kms_events.destination_key_as_typed IS NOT NULL
    AND array_has($key_arns, names.key_arn)
)

SELECT DISTINCT records.event_id, records.recipient_account_id, records.content_hash
FROM records
JOIN replacements ON is_replacement(replacements, records)
WHERE records.event_date IN (SELECT event_date FROM days_with_corrections)
  AND is_of_asked_account(records.recipient_account_id, records.caller) AND is_of_asked_caller(records.caller)
  AND ($service IS NULL OR coalesce(records.invoked_by, records.service) = $service)
  AND ($hide_own IS NOT TRUE OR records.use_label IS NULL)
  AND is_in_window(records.event_time) AND is_day_in_window(records.event_date)
