-- id: unsettled_days
-- title: Days of keys that daily counts cannot resolve
-- description: One row per day and key (as usage_daily counts it, empty if none was named) for which a count is not
--   enough: a typed alias moved, or its proof began or ended, between the first and last record of a row; a record is a
--   correction or is replaced by one; or the key is known only from another account's record of the same call. There
--   are few, so their events are read instead (recounted_usage).
-- internal: selects the days that are counted again from their events
-- depends: typed_names, typed_usage, replaced_events, shared_keys
-- kept: the daily counts are split by it, several times

SELECT typed_usage.event_date, typed_usage.key
FROM typed_usage
JOIN typed_names AS names ON names.name = typed_usage.key
WHERE names.resolution = 'alias'
  AND (names.account IS NULL OR names.account = typed_usage.name_account)
  AND (names.region IS NULL OR names.region = typed_usage.region)
  AND (names.valid_from IS NULL OR names.valid_from <= typed_usage.last_time)
  AND (names.valid_to IS NULL OR names.valid_to > typed_usage.first_time)
  AND NOT (
    coalesce(names.valid_from <= typed_usage.first_time, true)
    AND coalesce(names.valid_to > typed_usage.last_time, true)
    AND (
      (typed_usage.first_time >= names.proven_from AND coalesce(typed_usage.last_time <= names.proven_to, true))
      OR typed_usage.last_time < names.proven_from
      OR coalesce(typed_usage.first_time > names.proven_to, false)
    )
  )
UNION
SELECT event_date, coalesce(key, '') AS key
FROM usage_daily
WHERE is_correction
UNION
SELECT event_date, coalesce(key, '') AS key
FROM replaced_events
UNION
SELECT event_date, destination_key AS key
FROM replaced_events
WHERE destination_key IS NOT NULL
UNION
SELECT kms_events.event_date, coalesce(kms_events.key_as_typed, '') AS key
FROM shared_keys
JOIN kms_events
  ON kms_events.shared_event_id = shared_keys.shared_event_id
  AND kms_events.event_date = shared_keys.event_date
WHERE kms_events.key_arn IS NULL
