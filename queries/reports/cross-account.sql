-- id: cross-account
-- title: Calls to keys in other accounts
-- description: Calls by a caller of another account than the key's, by caller and key. Based on daily counts, so it
--   works after events are deleted. A call counts once per day, key, operation and outcome as far as the logs of both
--   accounts agree, under the caller's name if the caller's log is in the store, else as `account:<id>`. KMS logs a
--   refusal to a caller from another account only in the CALLER's account. A service that calls on its own behalf
--   (`service:…`) has no account and counts only if the call is in the log of another account than the key's. Dry runs
--   are left out.
-- column caller: the caller: ARN of the role or user, `account:<id>` or `service:<name>`
-- column direction: which of the two accounts are yours (inside_accounts): `inside` (both), `caller outside`, `key
--   outside` or `both outside`
-- column key_arn: ARN of the key
-- column uses: number of successful cryptographic operations
-- column failed: number of failed cryptographic operations
-- column managed: number of other successful calls (DescribeKey, CreateGrant, …), which do not use the key
-- column last_use: last successful cryptographic operation
-- column last_time: last call of any of these kinds
-- column label: `cloudtrail_delivery` for CloudTrail encrypting its own logs, `self` for keytrail's own calls, else
--   null
-- caveat:
--   SELECT
--     'inside' AS code,
--     count(*) AS count,
--     counted(count(*), 'account counts as yours because of its logs', 'accounts count as yours because of their logs')
--       || '; none was imported; see keytrail accounts import' AS text
--   FROM inside_accounts
--   WHERE (SELECT count(*) FROM accounts) = 0
--   HAVING count(*) > 0
-- caveat:
--   SELECT
--     'unresolved' AS code,
--     sum(count) AS count,
--     counted(sum(count), 'attempt or use names', 'attempts or uses name')
--       || ' no known key; it may be in another account' AS text
--   FROM scope_counts
--   WHERE kind = 'use' AND key_arn IS NULL AND outcome <> 'dry_run'
--   HAVING count(*) > 0
-- caveat:
--   SELECT code, count, text FROM scope_uncounted WHERE code = 'deleted-corrections'
-- caveat:
--   SELECT code, count, text FROM scope_unknown_operations

WITH calls AS (
  SELECT
    key_arn, caller, caller_account, split_part(key_arn, ':', 5) AS key_account, kind, outcome,
    use_label AS label, count, last_time
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
