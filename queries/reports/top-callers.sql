-- id: top-callers
-- title: Who used keys most
-- description: Callers by their uses of keys: successful cryptographic operations, once for each key they are
--   about, so a ReEncrypt counts twice. failed counts those that failed. Callers
--   without either are left out, and so are dry runs and everything else (DescribeKey, CreateGrant, ListKeys,
--   GenerateRandom, …). keys counts the known keys of the uses, last_time is the last use. Read from the daily roll-up, so it still answers when the events have been
--   removed; a cross-account call counts once a day, key and operation as far as both logs agree, under the
--   caller's name where the caller's log is held (scope_counts). label is cloudtrail_delivery for
--   CloudTrail writing its own logs and self for keytrail's own calls: they stand last, because they are no
--   one's work with the keys. uses_per_day runs over all days from the first to the last on which anybody in the answer called.
-- series: uses_per_day
-- caveat:
--   SELECT text FROM scope_uncounted ORDER BY place
-- caveat:
--   SELECT text FROM scope_unknown_operations

-- Days and keys are counted in one reading; each of the two is few.
WITH counts_by_part AS (
  SELECT
    caller, use_label, is_success, event_date, key_arn,
    grouping(event_date) AS is_no_day,
    coalesce(sum(count) FILTER (WHERE NOT is_other_key), 0) AS calls,
    max(last_time) AS last_time,
    min(event_date) OVER () AS first_day, max(event_date) OVER () AS last_day
  FROM (
    SELECT caller, use_label, outcome = 'success' AS is_success, event_date, key_arn, is_other_key, count, last_time
    FROM scope_counts
    -- Of a call from a key to itself the row of the destination counts.
    WHERE kind = 'use' AND outcome <> 'dry_run' AND key_role <> 'both'
  )
  GROUP BY GROUPING SETS ((caller, use_label, is_success, event_date), (caller, use_label, is_success, key_arn))
)

SELECT
  caller,
  coalesce(sum(calls) FILTER (WHERE is_no_day = 0 AND is_success), 0) AS uses,
  coalesce(sum(calls) FILTER (WHERE is_no_day = 0 AND NOT is_success), 0) AS failed,
  count(key_arn) FILTER (WHERE is_no_day = 1 AND is_success) AS keys,
  max(last_time) FILTER (WHERE is_success) AS last_time,
  nullif(use_label, 'none') AS label,
  day_series(event_date, CASE WHEN is_success THEN calls ELSE 0 END, first_day, last_day) AS uses_per_day
FROM counts_by_part
GROUP BY caller, use_label
ORDER BY label NULLS FIRST, uses DESC, failed DESC, caller
