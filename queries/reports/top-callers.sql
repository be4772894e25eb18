-- id: top-callers
-- title: Top callers by key use
-- description: Callers by number of uses: successful cryptographic operations, one for each key, so a ReEncrypt counts
--   twice. Callers without a use or a failed attempt are left out, and so are dry runs and all other calls
--   (DescribeKey, CreateGrant, ListKeys, GenerateRandom, …). Based on daily counts, so it works after events are
--   deleted; a cross-account call counts once per day, key and operation as far as the logs of both accounts agree,
--   under the caller's name if the caller's log is in the store.
-- column caller: the caller: ARN of the role or user, `account:<id>` or `service:<name>`
-- column uses: number of uses
-- column failed: number of failed cryptographic operations
-- column keys: number of known keys used
-- column last_time: last use
-- column label: `cloudtrail_delivery` for CloudTrail encrypting its own logs, `self` for keytrail's own calls, else
--   null; labeled rows come last, because they are nobody's work with the keys
-- column uses_per_day: uses per day (UTC), over the same days in all rows: from the first to the last with a call
-- series: uses_per_day
-- caveat:
--   SELECT code, count, text FROM scope_uncounted
-- caveat:
--   SELECT code, count, text FROM scope_unknown_operations

-- Days and keys are counted in one reading; each of the two is few.
WITH counts_by_part AS (
  SELECT
    caller, use_label, is_success, event_date, key_arn,
    grouping(event_date) AS is_no_day,
    coalesce(sum(count) FILTER (WHERE is_repeated IS NOT TRUE), 0) AS calls,
    max(last_time) AS last_time,
    min(event_date) OVER () AS first_day, max(event_date) OVER () AS last_day
  FROM (
    SELECT caller, use_label, outcome = 'success' AS is_success, event_date, key_arn, is_repeated, count, last_time
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
  use_label AS label,
  day_series(event_date, CASE WHEN is_success THEN calls ELSE 0 END, first_day, last_day) AS uses_per_day
FROM counts_by_part
GROUP BY caller, use_label
ORDER BY label NULLS FIRST, uses DESC, failed DESC, caller
