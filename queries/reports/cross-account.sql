-- id: cross-account
-- title: Calls on keys of other accounts
-- description: Calls on a key by a caller of another account than the key's, by key and caller. uses are
--   successful cryptographic operations, failed those that failed, managed everything else that succeeded
--   (DescribeKey, CreateGrant, …), which is no use of the key. last_use is the last of the uses, last_time the last call of
--   any of the three. direction tells what lies inside, by inside_accounts: inside where both
--   accounts do, caller outside, key outside, or both outside. Read from the daily roll-up, so it still answers when the events
--   have been removed. A call counts once a day, key, operation and outcome as far as the two accounts' logs
--   agree, under the caller's name where the caller's log is held, else as account:<id> (scope_counts). KMS
--   tells a refusal of a caller from another account in the CALLER's log only. A service that calls for
--   itself (service:…) tells no account and is counted only where the log of another account than the key's holds the
--   call. Dry runs are left out. label is cloudtrail_delivery for CloudTrail writing its own logs and self for
--   keytrail's own calls.
-- caveat:
--   SELECT 'accounts taken as inside because their logs are held; none was imported: ' || count(*)
--   FROM inside_accounts
--   WHERE (SELECT count(*) FROM accounts) = 0
--   HAVING count(*) > 0
-- caveat:
--   SELECT 'records of uses that tell no known key, which may be another account''s: ' || sum(count)
--   FROM scope_usage
--   WHERE kind = 'use' AND key_arn IS NULL AND outcome <> 'dry_run' AND record_role <> 'network'
--   HAVING sum(count) > 0
-- caveat:
--   SELECT text FROM scope_uncounted WHERE place = 3
-- caveat:
--   SELECT text FROM scope_unknown_operations

WITH calls AS (
  SELECT
    key_arn, caller, caller_account, split_part(key_arn, ':', 5) AS key_account, kind, outcome,
    nullif(use_label, 'none') AS label, count, last_time
  FROM scope_counts
  WHERE key_arn IS NOT NULL AND outcome <> 'dry_run' AND key_role <> 'both' AND caller_account <> split_part(key_arn, ':', 5)
),

calls_by_side AS (
  SELECT
    calls.*,
    callers.account IS NOT NULL AS is_caller_inside,
    owners.account IS NOT NULL AS is_key_inside
  FROM calls
  LEFT JOIN inside_accounts AS callers ON callers.account = calls.caller_account
  LEFT JOIN inside_accounts AS owners ON owners.account = calls.key_account
)

SELECT
  caller,
  CASE
    WHEN is_caller_inside AND is_key_inside THEN 'inside'
    WHEN is_key_inside THEN 'caller outside'
    WHEN is_caller_inside THEN 'key outside'
    ELSE 'both outside'
  END AS direction,
  key_arn,
  coalesce(sum(count) FILTER (WHERE kind = 'use' AND outcome = 'success'), 0) AS uses,
  coalesce(sum(count) FILTER (WHERE kind = 'use' AND outcome <> 'success'), 0) AS failed,
  coalesce(sum(count) FILTER (WHERE kind = 'management' AND outcome = 'success'), 0) AS managed,
  max(last_time) FILTER (WHERE kind = 'use' AND outcome = 'success') AS last_use,
  max(last_time) AS last_time,
  label
FROM calls_by_side
GROUP BY caller, is_caller_inside, is_key_inside, key_arn, label
ORDER BY label NULLS FIRST, is_caller_inside AND is_key_inside, uses DESC, failed DESC, managed DESC, caller, key_arn
