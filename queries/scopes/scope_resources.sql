-- id: scope_resources
-- title: Resources that pass the filters
-- description: Rows of resources_by_key whose times overlap the window and that pass the filters of the report: account
--   and region are the key's (the caller's account if no known key was meant), service is the resource's. The counts
--   have no callers: with a caller, these are the rows of the keys for which the store has an operation of that caller.
-- depends: resources_by_key, uses_daily
-- caveat:
--   SELECT
--     'deleted-corrections' AS code,
--     sum(count) AS count,
--     counted(sum(count), 'correction has', 'corrections have')
--       || ' deleted events; resources may also be listed for the key first recorded' AS text
--   FROM usage_daily
--   WHERE is_correction AND is_deleted_day(event_date) AND outcome = 'success' AND key_role <> 'destination'
--   HAVING count(*) > 0
-- caveat:
--   SELECT
--     'caller-keys' AS code,
--     NULL AS count,
--     'resources of all keys that the caller called; their counts do not store the caller' AS text
--   WHERE $caller IS NOT NULL

SELECT *
FROM resources_by_key
WHERE is_of_asked_keys(key_arn, key, caller_account_id, NULL)
  AND (
    $account IS NULL OR cardinality($key_arns) > 0
    OR coalesce(nullif(split_part(key_arn, ':', 5), ''), caller_account_id) = $account
  )
  AND ($service IS NULL OR service = $service)
  AND ($caller IS NULL OR coalesce(key_arn, key) IN (SELECT coalesce(key_arn, key_as_typed) FROM uses_daily WHERE caller = $caller))
  AND overlaps_window(first_time, last_time)
