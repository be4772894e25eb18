-- id: unused-keys
-- title: Keys without a use
-- description: Keys that the logs name by ARN and that no successful cryptographic operation used in the
--   window: the last so many days before the end, or from --since. Read from the daily roll-up, so it
--   still answers when the events themselves have been removed. A use counts whoever's log holds it;
--   one that typed the key's id counts too, one that typed an alias counts for the key that the alias
--   pointed to at the time. Keys of a multi-Region set decrypt each other's data: a use of any member
--   counts for every member, and last_use, uses_before and last_callers are those of the set
--   (multi_region names its members). last_use is null where the logs held show no use at all.
--   uses_before counts the records in the log of the key's account, and the caller's where that log
--   has none of the operation that day, of a ReEncrypt from a key to itself one; a record that a correction
--   replaces counts as corrected while its events are held. failed_attempts counts the cryptographic operations on this key that
--   failed in the window: somebody still wants it. uses_in_log counts the successful cryptographic
--   operations on any key that the log of the key's account and region shows in the window: 0 says that
--   reads may not have been logged at all. last_change is the last change of the key's life that is seen.
--   doubt is set where no call on the key ever got beyond a refusal or a dry run: it may not exist; and where an operation
--   that this version of keytrail does not know succeeded in the window, which may have been a use. A key that KMS only
--   ever answered as not found is left out. Account, region, owner, OU and tag are the key's. A caller or a
--   service chooses the keys that have a record of it at any time; a use counts whoever's it is.
--   Where the window begins or ends within a day, the events of that day say what lies inside; where they
--   are no longer held, failed_attempts counts the day in full, and a key whose uses of one day reach
--   over both ends of the window is left out, since its use may lie inside. uses_in_log always counts
--   such a day in full.
-- param days: days = 90. How many days before the end of the window a key must have had no use.
-- footnote: seen in logs, not a verdict: a key that no log shows in use can still protect data at rest
-- caveat:
--   SELECT 'a use by CloudTrail itself or by keytrail is a use: --hide-own hides none here'
--   WHERE $hide_own
-- caveat:
--   SELECT 'the logs held begin at ' || to_char(min(first_time), '%Y-%m-%dT%H:%M:%SZ')
--     || ', after the start of the window: nothing is known of the time before'
--   FROM usage_monthly
--   HAVING min(first_time) > $since
-- caveat:
--   SELECT 'successful uses in the window that tell no known key, and could be of any of these: ' || sum(count)
--   FROM usage_by_name
--   WHERE key_arn IS NULL AND crypto_direction(event_name) IS NOT NULL
--     AND outcome = 'success' AND record_role <> 'network' AND doubt IS NULL
--     AND ($since IS NULL OR last_time >= $since) AND ($until IS NULL OR first_time < $until)
--     AND ($account IS NULL OR recipient_account_id = $account) AND ($region IS NULL OR region = $region)
--   HAVING sum(count) > 0
-- caveat:
--   SELECT 'uses that typed an alias at a time for which no log shows where it pointed, taken for the key '
--     || 'that it was seen to point to: ' || sum(count)
--   FROM usage_by_name
--   WHERE resolution = 'alias_unproven' AND crypto_direction(event_name) IS NOT NULL
--     AND outcome = 'success' AND doubt IS NULL
--     AND ($until IS NULL OR first_time < $until)
--     AND ($account IS NULL OR recipient_account_id = $account) AND ($region IS NULL OR region = $region)
--   HAVING sum(count) > 0
-- caveat:
--   SELECT 'uses that typed an alias which moved that day, counted for each key that it pointed to, because the events '
--     || 'that would tell are no longer held: ' || sum(count)
--   FROM (
--     SELECT DISTINCT
--       event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region, use_label, count
--     FROM usage_by_name
--     WHERE doubt = 'alias' AND crypto_direction(event_name) IS NOT NULL AND outcome = 'success'
--       AND ($until IS NULL OR first_time < $until)
--       AND ($account IS NULL OR recipient_account_id = $account) AND ($region IS NULL OR region = $region)
--   )
--   HAVING sum(count) > 0
-- caveat:
--   SELECT 'key ARNs that KMS only ever answered as not found, which are left out: ' || count(DISTINCT key)
--   FROM usage_monthly
--   WHERE key LIKE 'arn:%:kms:%:key/%' AND key NOT IN (SELECT key_arn FROM known_keys)
--     AND ($account IS NULL OR split_part(key, ':', 5) = $account)
--     AND ($region IS NULL OR split_part(key, ':', 4) = $region)
--   HAVING count(*) > 0
-- caveat:
--   SELECT 'keys left out because their uses of a day reach over both ends of the window, and the events of '
--     || 'that day are no longer held: ' || count(DISTINCT key_arn)
--   FROM usage_by_key
--   WHERE kind = 'use' AND outcome = 'success' AND key_arn IS NOT NULL
--     AND CAST($since AS DATE) = CAST($until AS DATE) AND event_date = CAST($since AS DATE)
--     AND first_time < $since AND last_time >= $until
--     AND (
--       SELECT sum(count) FROM usage_daily WHERE key_role <> 'destination' AND event_date = CAST($since AS DATE)
--     ) > (SELECT count(*) FROM kms_events WHERE event_date = CAST($since AS DATE))
--   HAVING count(*) > 0
-- caveat:
--   SELECT 'records that correct earlier ones and whose events are no longer held, so that calls are counted as they were '
--     || 'first told, if they were: ' || sum(count)
--   FROM usage_by_name
--   WHERE doubt = 'correction' AND key_role <> 'destination'
--   HAVING sum(count) > 0
-- caveat:
--   SELECT text FROM scope_unknown_operations
-- caveat:
--   SELECT text FROM scope_missing_logs ORDER BY place

-- Days that their events tell better: those that the window cuts.
WITH special_days AS (
  SELECT CAST($since AS DATE) AS event_date
  UNION
  SELECT CAST($until AS DATE) AS event_date
),

-- Those of which all events are held.
event_days AS (
  SELECT counted.event_date
  FROM (
    SELECT special_days.event_date, sum(count) AS records
    FROM special_days
    JOIN usage_daily ON usage_daily.event_date = special_days.event_date
    WHERE key_role <> 'destination'
    GROUP BY special_days.event_date
  ) AS counted
  JOIN (
    SELECT special_days.event_date, count(*) AS records
    FROM special_days
    JOIN kms_events ON kms_events.event_date = special_days.event_date
    GROUP BY special_days.event_date
  ) AS held ON held.event_date = counted.event_date AND held.records = counted.records
),

-- A correction is a record like any other once the record that it replaces is left out.
day_events AS (
  SELECT
    key_arn, key_events.event_date, key_events.event_name, caller, record_role, event_time,
    CASE WHEN is_dry_run THEN 'dry_run' ELSE outcome END AS outcome,
    operation_kind(key_events.event_name) AS kind,
    coalesce(event_time >= $since, true) AS is_inside
  FROM event_days
  JOIN key_events ON key_events.event_date = event_days.event_date
  WHERE key_arn IS NOT NULL AND ($until IS NULL OR event_time < $until)
    AND NOT (key_role = 'destination' AND coalesce(other_key_arn = key_arn, false))
    AND NOT EXISTS (
      SELECT 1
      FROM replacements
      WHERE replacements.event_id = key_events.event_id
        AND replacements.event_name = key_events.event_name
        AND replacements.event_time = key_events.event_time
        AND (replacements.recipient_account_id IS NOT DISTINCT FROM key_events.recipient_account_id)
        AND coalesce(replacements.region = key_events.region, true)
        AND coalesce(replacements.content_hash = key_events.content_hash, true)
    )
),

-- Rows of the roll-up, each about a day; special days are told by their events. Where
-- these are gone, last_time is one that surely lies before the end.
counts AS (
  SELECT
    key_arn, event_date, event_name, caller, kind, outcome, record_role, count, first_time,
    CASE WHEN last_time >= $until THEN first_time ELSE last_time END AS last_time,
    coalesce(last_time >= $since, true) AS is_inside,
    coalesce(first_time < $since AND last_time >= $until, false) AS is_unsure
  FROM usage_by_key
  WHERE key_arn IS NOT NULL AND ($until IS NULL OR first_time < $until) AND (doubt IS DISTINCT FROM 'correction')
    -- The row of the destination tells the same operation on the same key.
    AND key_role <> 'both'
    AND NOT EXISTS (SELECT 1 FROM event_days WHERE event_days.event_date = usage_by_key.event_date)
  UNION ALL
  SELECT
    key_arn, event_date, event_name, caller, kind, outcome, record_role, count(*) AS count,
    min(event_time) AS first_time, max(event_time) AS last_time, is_inside, false AS is_unsure
  FROM day_events
  GROUP BY key_arn, event_date, event_name, caller, kind, outcome, record_role, is_inside
),

-- Of most keys a single record of the window shows a use; all that follows is about the others.
evidence AS (
  SELECT key AS key_arn, unnest(make_array(first_time, last_time)) AS event_time
  FROM usage_monthly
  WHERE outcome = 'success' AND crypto_direction(event_name) IS NOT NULL
    AND last_time >= $since AND first_time < $until
  UNION ALL
  SELECT key_arn, first_time AS event_time
  FROM usage_by_name
  WHERE outcome = 'success' AND crypto_direction(event_name) IS NOT NULL AND key_arn IS NOT NULL
    AND doubt IS NULL
    AND event_date >= CAST($since AS DATE) AND first_time >= $since AND last_time < $until
),

active_sets AS (
  SELECT DISTINCT known_keys.key_set
  FROM known_keys
  JOIN evidence ON evidence.key_arn = known_keys.key_arn
  WHERE evidence.event_time >= $since AND evidence.event_time < $until
    AND NOT EXISTS (SELECT 1 FROM replacements WHERE replacements.event_time = evidence.event_time)
),

idle_keys AS (
  SELECT key_arn, key_set
  FROM known_keys
  WHERE NOT EXISTS (SELECT 1 FROM active_sets WHERE active_sets.key_set = known_keys.key_set)
),

usage AS (
  SELECT counts.*, idle_keys.key_set
  FROM idle_keys
  JOIN counts ON counts.key_arn = idle_keys.key_arn
),

seen AS (
  SELECT
    key_arn,
    min(first_time) AS first_seen,
    max(last_time) AS last_seen,
    coalesce(sum(count) FILTER (
      WHERE kind = 'use' AND outcome NOT IN ('success', 'dry_run') AND is_inside
    ), 0) AS failed_attempts,
    last_value(event_name || ' ' || to_char(last_time, '%Y-%m-%dT%H:%M:%SZ') ORDER BY last_time, event_name) FILTER (
      WHERE outcome = 'success' AND event_name IN (
        'CreateKey', 'EnableKey', 'DisableKey', 'ScheduleKeyDeletion', 'CancelKeyDeletion', 'DeleteKey',
        'ImportKeyMaterial', 'DeleteImportedKeyMaterial', 'DeleteExpiredKeyMaterial'
      )
    ) AS last_change
  FROM usage
  GROUP BY key_arn
),

callers AS (
  SELECT
    key_set, key_arn, event_date, event_name, caller,
    split_part(caller, ':', CASE WHEN caller LIKE 'arn:%' THEN 5 ELSE 2 END) AS caller_account,
    coalesce(sum(count) FILTER (WHERE record_role = 'owner'), 0) AS owner_records,
    coalesce(sum(count) FILTER (WHERE record_role = 'caller_copy'), 0) AS caller_records,
    max(last_time) AS last_time,
    bool_or(is_unsure) AS is_unsure
  FROM usage
  WHERE kind = 'use' AND outcome = 'success'
  GROUP BY key_set, key_arn, event_date, event_name, caller
),

judged AS (
  SELECT
    *,
    sum(owner_records) OVER (PARTITION BY key_arn, event_date, event_name) AS owner_records_of_day,
    -- The log of the key's account may tell of a caller no more than an account; the caller's own log then names it.
    caller LIKE 'account:%' AND bool_or(caller_records > 0 AND caller NOT LIKE 'account:%')
      OVER (PARTITION BY key_arn, event_date, event_name, caller_account) AS is_told_elsewhere
  FROM callers
),

placed AS (
  SELECT
    *,
    -- Place 1 stands for the caller.
    row_number() OVER (
      PARTITION BY key_set, caller, is_told_elsewhere ORDER BY last_time DESC, key_arn, event_date, event_name
    ) = 1 AND NOT is_told_elsewhere AS is_shown
  FROM judged
),

ranked AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY key_set, is_shown ORDER BY last_time DESC, caller) AS caller_rank
  FROM placed
),

uses AS (
  SELECT
    key_set,
    max(last_time) AS last_use,
    bool_or(is_unsure) AS is_unsure,
    sum(CASE WHEN owner_records_of_day > 0 THEN owner_records ELSE caller_records END) AS uses_before,
    string_agg(caller, ', ' ORDER BY caller_rank) FILTER (WHERE is_shown AND caller_rank <= 3) AS last_callers
  FROM ranked
  GROUP BY key_set
),

-- An operation that is not known may have been a use, and then of each member of the set.
unknown_calls AS (
  SELECT key_set, string_agg(DISTINCT event_name, ', ' ORDER BY event_name) AS operations
  FROM usage
  WHERE kind = 'unknown' AND outcome = 'success' AND is_inside
  GROUP BY key_set
),

sets AS (
  SELECT key_set, count(*) || ' known: ' || string_agg(region, ', ' ORDER BY region) AS members
  FROM known_keys
  WHERE is_multi_region
  GROUP BY key_set
),

logs AS (
  SELECT account, region, sum(count) AS uses
  FROM (
    SELECT recipient_account_id AS account, region, count
    FROM usage_monthly
    WHERE outcome = 'success' AND key_role <> 'destination'
      AND crypto_direction(event_name) IS NOT NULL
      AND event_month > to_char($since, '%Y-%m') AND ($until IS NULL OR event_month < to_char($until, '%Y-%m'))
    UNION ALL
    -- The months that the window cuts, by their days.
    SELECT recipient_account_id AS account, region, count
    FROM usage_daily
    WHERE outcome = 'success' AND key_role <> 'destination' AND record_role <> 'network'
      AND crypto_direction(event_name) IS NOT NULL
      AND event_date >= CAST($since AS DATE) AND ($until IS NULL OR event_date <= CAST($until AS DATE))
      AND (
        event_date < CAST(date_trunc('month', $since) + INTERVAL '1 month' AS DATE)
        OR event_date >= CAST(date_trunc('month', $until) AS DATE)
      )
      AND last_time >= $since AND ($until IS NULL OR first_time < $until)
  )
  GROUP BY account, region
)

SELECT
  keys.key_arn,
  keys.account,
  current_accounts.name AS account_name,
  keys.region,
  keys.aliases,
  uses.last_use,
  coalesce(uses.uses_before, 0) AS uses_before,
  uses.last_callers,
  seen.failed_attempts,
  sets.members AS multi_region,
  seen.last_change,
  nullif(concat_ws(
    '; ',
    CASE WHEN NOT keys.is_proven THEN 'seen in refused calls or dry runs only' END,
    'may have been used by operations that are not known: ' || unknown_calls.operations
  ), '') AS doubt,
  coalesce(logs.uses, 0) AS uses_in_log,
  seen.first_seen,
  seen.last_seen
FROM scope_keys AS keys
JOIN seen ON seen.key_arn = keys.key_arn
LEFT JOIN uses ON uses.key_set = keys.key_set
LEFT JOIN unknown_calls ON unknown_calls.key_set = keys.key_set
LEFT JOIN sets ON sets.key_set = keys.key_set
LEFT JOIN logs ON logs.account = keys.account AND logs.region = keys.region
LEFT JOIN current_accounts ON current_accounts.account = keys.account
WHERE uses.last_use IS NULL OR (uses.last_use < $since AND NOT uses.is_unsure)
ORDER BY last_use NULLS FIRST, keys.key_arn
