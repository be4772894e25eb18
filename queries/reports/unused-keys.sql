-- id: unused-keys
-- title: Keys with no use
-- counted: uses are counted by the day, and its notes say what events that were deleted would tell
-- description: Keys in your accounts with no successful cryptographic operation in the window, which starts --days
--   before its end or at --since. The lines above the rows count the keys and say which were left out and why: deleted
--   keys, keys younger than the window, keys in accounts that are not yours (inside_accounts) or have no log in the
--   store, keys named only in failed calls or dry runs, which may not exist, and keys named by an operation that this
--   version of keytrail does not know, which may be a use. Keys that no log names are missing. With --key, these lines
--   say when the key was last used. A use counts by ARN, ID or alias (for the key that the alias pointed to at the
--   time), in any account's log. The members of a multi-Region set decrypt each other's data, so a use of one counts
--   for all, and the set is as old as its oldest member. Based on daily counts, so it works after events are deleted.
--   If the window starts or ends within a day, the events of that day decide; if they are deleted, failed_attempts
--   counts the whole day, and a key whose uses that day may be on either side of the window is left out. Account,
--   region, owner, OU and tag filters select keys; a caller or service filter selects the keys that it has ever called,
--   and uses by others still count.
-- param days: days = 90. How many days before the end of the window a key must have had no use.
-- column key_arn: ARN of the key
-- column account: account that owns the key
-- column account_name: name of that account in the latest list; null if not known
-- column region: region of the key
-- column aliases: all aliases that ever pointed to the key, as in key_names
-- column state: last state that the logs show, as in keys; null if none is known
-- column last_use: last use before the window, of any member of a multi-Region set; null if no log shows one
-- column uses_before: number of uses before the window, of all members of a multi-Region set
-- column last_callers: the last three callers that used the key or set
-- column failed_attempts: number of failed cryptographic or unknown operations on the key in the window: someone still
--   wants it
-- column age_days: age of the key in days at the end of the window; null if its creation is not logged
-- column public_key_fetched: last successful GetPublicKey, of any member of the set: anyone with the public key can
--   encrypt or verify without a call to KMS
-- column open_grants: number of grants that no log shows as retired or revoked; null if the events that would show them
--   are deleted
-- column multi_region: number of known members of the multi-Region set, and their regions; null for any other key
-- column last_change: last successful change of state, with its time; null if none is logged
-- column uses_of_other_keys: number of uses of all other keys in the log of the same account and region in the window; 0 means that uses may not have been logged there at all
-- column first_seen: first record of the key
-- column last_seen: last record of the key before the end of the window
-- summary: SELECT text FROM scope_findings_said ORDER BY place
-- footnote not-a-verdict: seen in logs, not a verdict: a key without a use in the logs can still protect data at rest
-- caveat:
--   SELECT
--     'hide-own' AS code,
--     NULL AS count,
--     '--hide-own has no effect here: a use by CloudTrail or keytrail is a use' AS text
--   WHERE $hide_own
-- caveat:
--   SELECT note['code'] AS code, note['count'] AS count, note['text'] AS text
--   FROM (
--     SELECT unnest(make_array(
--       note('unresolved', keyless, counted(keyless, 'use names', 'uses name') || ' no known key; each could be of one of these keys'),
--       note(
--         'unknown-operations', unknown,
--         counted(unknown, 'call of an unknown operation names', 'calls of unknown operations name')
--           || ' no known key; each could use one of these keys'
--       ),
--       note(
--         'unproven-alias', unproven,
--         counted(unproven, 'use', 'uses') || ' counted by an alias; no log shows where it pointed then'
--       ),
--       note(
--         'moved-alias', moved,
--         counted(moved, 'use typed', 'uses typed') || ' an alias that moved that day; counted for each key (events deleted)'
--       )
--     )) AS note
--     FROM (
--       SELECT
--         sum(count) FILTER (WHERE is_use AND key_arn IS NULL AND overlaps_window(first_time, last_time)) AS keyless,
--         sum(count) FILTER (
--           WHERE kind = 'unknown' AND outcome <> 'dry_run' AND key_arn IS NULL AND overlaps_window(first_time, last_time)
--         ) AS unknown,
--         sum(count) FILTER (WHERE is_use AND resolution = 'alias_unproven' AND is_repeated IS NULL) AS unproven,
--         sum(count) FILTER (WHERE is_use AND NOT is_repeated) AS moved
--       FROM (SELECT *, kind = 'use' AND outcome = 'success' AS is_use FROM uses_daily)
--       WHERE (key_arn IS NULL OR resolution = 'alias_unproven' OR NOT is_repeated)
--         AND ($until IS NULL OR first_time < $until) AND may_be_asked_key(key_arn, recipient_account_id, region)
--     )
--   )
--   WHERE note['count'] > 0
-- caveat:
--   SELECT
--     'never-found' AS code,
--     count(DISTINCT key) AS count,
--     counted(count(DISTINCT key), 'key ARN', 'key ARNs') || ' left out: KMS only ever answered "not found"' AS text
--   FROM usage_monthly
--   WHERE key LIKE 'arn:%:kms:%:key/%' AND key NOT IN (SELECT key_arn FROM known_keys)
--     AND cardinality($key_arns) = 0 AND cardinality($key_names) = 0
--     AND may_be_asked_key(key, split_part(key, ':', 5), split_part(key, ':', 4))
--   HAVING count(*) > 0
-- caveat:
--   SELECT
--     'partial-day' AS code,
--     count(DISTINCT key_arn) AS count,
--     counted(count(DISTINCT key_arn), 'key', 'keys')
--       || ' left out: uses of one day extend beyond both ends of the window (events deleted)' AS text
--   FROM uses_daily
--   WHERE kind = 'use' AND outcome = 'success' AND key_arn IS NOT NULL
--     AND CAST($since AS DATE) = CAST($until AS DATE) AND event_date = CAST($since AS DATE)
--     AND first_time < $since AND last_time >= $until
--     AND key_arn IN (SELECT key_arn FROM scope_keys)
--     AND is_deleted_day(event_date)
--   HAVING count(*) > 0
-- caveat:
--   SELECT
--     'deleted-corrections' AS code,
--     sum(count) AS count,
--     counted(sum(count), 'correction has', 'corrections have')
--       || ' deleted events; calls may be counted as first recorded' AS text
--   FROM usage_daily
--   WHERE is_correction AND is_counted_by_records(event_date) AND key_role <> 'destination'
--     AND may_be_asked_key(key, recipient_account_id, region)
--   HAVING count(*) > 0
-- caveat:
--   SELECT code, count, text FROM scope_unknown_operations
-- caveat:
--   SELECT code, count, text FROM scope_missing_logs ORDER BY place

WITH grants_of_keys AS (
  SELECT
    key_arn,
    count(*) FILTER (WHERE ended_time IS NULL AND key_deleted_time IS NULL) AS open_grants,
    min(created_time) AS first_grant
  FROM grants
  WHERE key_arn IS NOT NULL AND ($until IS NULL OR first_time < $until)
  GROUP BY key_arn
)

SELECT
  findings.key_arn,
  findings.account,
  current_accounts.name AS account_name,
  findings.region,
  findings.aliases,
  findings.state,
  findings.last_use,
  coalesce(findings.uses_before, 0) AS uses_before,
  findings.last_callers,
  coalesce(findings.failed_attempts, 0) AS failed_attempts,
  (CAST($until AS BIGINT) - CAST(findings.created_time AS BIGINT)) / 86400000000 AS age_days,
  findings.public_key_fetched,
  -- The roll-up outlives the events that say which grant it was.
  CASE
    WHEN findings.first_grant IS NULL OR findings.first_grant >= grants_of_keys.first_grant THEN coalesce(grants_of_keys.open_grants, 0)
  END AS open_grants,
  findings.members AS multi_region,
  findings.last_change,
  findings.uses_of_other_keys,
  findings.first_seen,
  findings.last_seen
FROM scope_key_findings AS findings
LEFT JOIN grants_of_keys ON grants_of_keys.key_arn = findings.key_arn
LEFT JOIN current_accounts ON current_accounts.account = findings.account
WHERE findings.finding = 'unused'
ORDER BY last_use NULLS FIRST, findings.key_arn
