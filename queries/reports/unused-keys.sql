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
-- column uses_before: number of recorded uses before the window, of all members of a multi-Region set: in the log of
--   the key's account or, for operations that it lacks on a day, in the caller's
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
-- column uses_of_other_keys: number of uses of all other keys in the log of the same account and region in the window,
--   days in full; 0 means that uses may not have been logged there at all
-- column first_seen: first record of the key
-- column last_seen: last record of the key before the end of the window
-- summary: SELECT text FROM summary ORDER BY place
-- footnote not-a-verdict: seen in logs, not a verdict: a key without a use in the logs can still protect data at rest
-- caveat:
--   SELECT
--     'hide-own' AS code,
--     NULL AS count,
--     '--hide-own has no effect here: a use by CloudTrail or keytrail is a use' AS text
--   WHERE $hide_own
-- caveat:
--   SELECT
--     'unresolved' AS code,
--     sum(count) AS count,
--     counted(sum(count), 'use names', 'uses name') || ' no known key; each could be of one of these keys' AS text
--   FROM usage_by_name
--   WHERE key_arn IS NULL AND operation_kind(event_name) = 'use'
--     AND outcome = 'success' AND record_role <> 'network' AND doubt IS NULL
--     AND overlaps_window(first_time, last_time) AND may_be_asked_key(key_arn, recipient_account_id, region)
--   HAVING count(*) > 0
-- caveat:
--   SELECT
--     'unknown-operations' AS code,
--     sum(count) AS count,
--     counted(sum(count), 'call of an unknown operation names', 'calls of unknown operations name')
--       || ' no known key; each could use one of these keys' AS text
--   FROM usage_by_name
--   WHERE key_arn IS NULL AND operation_kind(event_name) = 'unknown'
--     AND outcome <> 'dry_run' AND record_role <> 'network' AND doubt IS NULL
--     AND overlaps_window(first_time, last_time) AND may_be_asked_key(key_arn, recipient_account_id, region)
--   HAVING count(*) > 0
-- caveat:
--   SELECT
--     'unproven-alias' AS code,
--     sum(count) AS count,
--     counted(sum(count), 'use', 'uses') || ' counted by an alias; no log shows where it pointed then' AS text
--   FROM usage_by_name
--   WHERE resolution = 'alias_unproven' AND operation_kind(event_name) = 'use'
--     AND outcome = 'success' AND doubt IS NULL
--     AND ($until IS NULL OR first_time < $until)
--     AND may_be_asked_key(key_arn, recipient_account_id, region)
--   HAVING count(*) > 0
-- caveat:
--   SELECT
--     'moved-alias' AS code,
--     sum(count) AS count,
--     counted(sum(count), 'use typed', 'uses typed')
--       || ' an alias that moved that day; counted for each key (events deleted)' AS text
--   FROM (
--     SELECT DISTINCT
--       event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region, use_label, count
--     FROM usage_by_name
--     WHERE doubt = 'alias' AND operation_kind(event_name) = 'use' AND outcome = 'success'
--       AND ($until IS NULL OR first_time < $until)
--       AND may_be_asked_key(key_arn, recipient_account_id, region)
--   )
--   HAVING count(*) > 0
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
--   FROM usage_by_key
--   WHERE kind = 'use' AND outcome = 'success' AND key_arn IS NOT NULL
--     AND CAST($since AS DATE) = CAST($until AS DATE) AND event_date = CAST($since AS DATE)
--     AND first_time < $since AND last_time >= $until
--     AND key_arn IN (SELECT key_arn FROM scope_keys)
--     AND event_date IN (SELECT event_date FROM stored_days WHERE records > events AND event_date = CAST($since AS DATE))
--   HAVING count(*) > 0
-- caveat:
--   SELECT
--     'deleted-corrections' AS code,
--     sum(count) AS count,
--     counted(sum(count), 'correction has', 'corrections have')
--       || ' deleted events; calls may be counted as first recorded' AS text
--   FROM usage_by_name
--   WHERE doubt = 'correction' AND key_role <> 'destination'
--     AND may_be_asked_key(key_arn, recipient_account_id, region)
--   HAVING count(*) > 0
-- caveat:
--   SELECT code, count, text FROM scope_unknown_operations
-- caveat:
--   SELECT code, count, text FROM scope_missing_logs ORDER BY place

-- The days that the window cuts, where all their events are stored: these tell better than the counts.
WITH event_days AS (
  SELECT event_date
  FROM stored_days
  WHERE is_whole AND (event_date = CAST($since AS DATE) OR event_date = CAST($until AS DATE))
),

-- A correction is a record like any other once the record that it replaces is left out.
day_events AS (
  SELECT
    key_arn, key_events.event_date, key_events.event_name, caller, record_role, event_time,
    counted_outcome(key_events) AS outcome,
    operation_kind(key_events.event_name) AS kind,
    coalesce(event_time >= $since, true) AS is_inside
  FROM event_days
  JOIN key_events ON key_events.event_date = event_days.event_date
  WHERE key_arn IS NOT NULL AND ($until IS NULL OR event_time < $until)
    AND NOT (key_role = 'destination' AND coalesce(other_key_arn = key_arn, false))
    AND NOT is_replaced(key_events)
),

-- Rows of the roll-up, each about a day; special days are told by their events. Where
-- these are gone, last_time is one that surely lies before the end.
usage_counts AS (
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

-- Of most keys a single record of the window shows a use; all that follows is about the others, and about those
-- asked for.
evidence AS (
  SELECT key AS key_arn, unnest(make_array(first_time, last_time)) AS event_time
  FROM usage_monthly
  WHERE outcome = 'success' AND operation_kind(event_name) = 'use'
    AND last_time >= $since AND first_time < $until
  UNION ALL
  SELECT key_arn, first_time AS event_time
  FROM usage_by_name
  WHERE outcome = 'success' AND operation_kind(event_name) = 'use' AND key_arn IS NOT NULL
    AND doubt IS NULL
    AND event_date >= CAST($since AS DATE) AND first_time >= $since AND last_time < $until
  UNION ALL
  -- Where the counts of days were deleted, those of the month say what was typed, for any key that it may have meant.
  SELECT typed_names.key_arn, greatest($since, usage_monthly.first_time) AS event_time
  FROM usage_monthly
  JOIN typed_names ON typed_names.name = usage_monthly.key
    AND coalesce(typed_names.account = usage_monthly.recipient_account_id, true)
    AND coalesce(typed_names.region = usage_monthly.region, true)
  WHERE usage_monthly.first_time < retention_horizon('usage_daily')
    AND outcome = 'success' AND operation_kind(event_name) = 'use'
    AND last_time >= $since AND first_time < $until
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
  UNION
  SELECT members.key_arn, members.key_set
  FROM known_keys AS asked
  JOIN known_keys AS members ON members.key_set = asked.key_set
  WHERE array_has($key_arns, asked.key_arn)
),

usage_of_idle_keys AS (
  SELECT usage_counts.*, idle_keys.key_set
  FROM idle_keys
  JOIN usage_counts ON usage_counts.key_arn = idle_keys.key_arn
),

keys_seen AS (
  SELECT
    key_arn,
    min(first_time) AS first_seen,
    max(last_time) AS last_seen,
    coalesce(sum(count) FILTER (
      WHERE kind IN ('use', 'unknown') AND outcome NOT IN ('success', 'dry_run') AND is_inside
    ), 0) AS failed_attempts,
    last_value(event_name || ' ' || iso_time(last_time) ORDER BY last_time, event_name) FILTER (
      WHERE outcome = 'success' AND event_name IN (
        'CreateKey', 'EnableKey', 'DisableKey', 'ScheduleKeyDeletion', 'CancelKeyDeletion', 'DeleteKey',
        'ImportKeyMaterial', 'DeleteImportedKeyMaterial', 'DeleteExpiredKeyMaterial'
      )
    ) AS last_change,
    min(first_time) FILTER (WHERE outcome = 'success' AND event_name = 'CreateGrant') AS first_grant
  FROM usage_of_idle_keys
  GROUP BY key_arn
),

fetched AS (
  SELECT key_set, max(last_time) AS last_time
  FROM usage_of_idle_keys
  WHERE outcome = 'success' AND event_name = 'GetPublicKey'
  GROUP BY key_set
),

callers AS (
  SELECT
    key_set, key_arn, event_date, event_name, caller,
    split_part(caller, ':', CASE WHEN caller LIKE 'arn:%' THEN 5 ELSE 2 END) AS caller_account,
    coalesce(sum(count) FILTER (WHERE record_role = 'owner'), 0) AS owner_records,
    coalesce(sum(count) FILTER (WHERE record_role = 'caller_copy'), 0) AS caller_records,
    max(last_time) AS last_time,
    bool_or(is_unsure) AS is_unsure
  FROM usage_of_idle_keys
  WHERE kind = 'use' AND outcome = 'success'
  GROUP BY key_set, key_arn, event_date, event_name, caller
),

callers_with_records AS (
  SELECT
    *,
    sum(owner_records) OVER (PARTITION BY key_arn, event_date, event_name) AS owner_records_of_day,
    -- The log of the key's account may tell of a caller no more than an account; the caller's own log then names it.
    caller LIKE 'account:%' AND bool_or(caller_records > 0 AND caller NOT LIKE 'account:%')
      OVER (PARTITION BY key_arn, event_date, event_name, caller_account) AS is_told_elsewhere
  FROM callers
),

callers_shown AS (
  SELECT
    *,
    -- Place 1 stands for the caller.
    row_number() OVER (
      PARTITION BY key_set, caller, is_told_elsewhere ORDER BY last_time DESC, key_arn, event_date, event_name
    ) = 1 AND NOT is_told_elsewhere AS is_shown
  FROM callers_with_records
),

callers_by_last_use AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY key_set, is_shown ORDER BY last_time DESC, caller) AS caller_rank
  FROM callers_shown
),

uses_of_sets AS (
  SELECT
    key_set,
    max(last_time) AS last_use,
    bool_or(is_unsure) AS is_unsure,
    sum(CASE WHEN owner_records_of_day > 0 THEN owner_records ELSE caller_records END) AS uses_before,
    string_agg(caller, ', ' ORDER BY caller_rank) FILTER (WHERE is_shown AND caller_rank <= 3) AS last_callers
  FROM callers_by_last_use
  GROUP BY key_set
),

-- An operation that is not known may have been a use, and then of each member of the set.
unknown_calls AS (
  SELECT key_set, string_agg(DISTINCT event_name, ', ' ORDER BY event_name) AS operations
  FROM (
    SELECT key_set, event_name
    FROM usage_of_idle_keys
    WHERE kind = 'unknown' AND outcome <> 'dry_run' AND is_inside
    UNION ALL
    SELECT key_set, event_name
    FROM usage_monthly
    JOIN idle_keys ON idle_keys.key_arn = usage_monthly.key
    WHERE first_time < retention_horizon('usage_daily')
      AND operation_kind(event_name) = 'unknown' AND outcome <> 'dry_run'
      AND last_time >= $since AND first_time < $until
  )
  GROUP BY key_set
),

sets AS (
  SELECT
    key_set,
    min(first_time) AS first_time,
    CASE
      WHEN bool_or(is_multi_region) THEN count(*) || ' known: ' || string_agg(region, ', ' ORDER BY region)
    END AS members
  FROM known_keys
  GROUP BY key_set
),

uses_of_logs AS (
  SELECT account, region, sum(count) AS uses
  FROM (
    SELECT recipient_account_id AS account, region, count
    FROM usage_monthly
    WHERE outcome = 'success' AND key_role <> 'destination'
      AND operation_kind(event_name) = 'use'
      AND event_month > to_char($since, '%Y-%m') AND ($until IS NULL OR event_month < to_char($until, '%Y-%m'))
    UNION ALL
    -- The months that the window cuts, by their days.
    SELECT recipient_account_id AS account, region, count
    FROM usage_daily
    WHERE outcome = 'success' AND key_role <> 'destination' AND record_role <> 'network'
      AND operation_kind(event_name) = 'use'
      AND event_date >= CAST($since AS DATE) AND ($until IS NULL OR event_date <= CAST($until AS DATE))
      AND (
        event_date < CAST(date_trunc('month', $since) + INTERVAL '1 month' AS DATE)
        OR event_date >= CAST(date_trunc('month', $until) AS DATE)
      )
      AND last_time >= $since AND ($until IS NULL OR first_time < $until)
  )
  GROUP BY account, region
),

-- Each key that the filters leave and that a log names before the window ends, with what is found of it: the first
-- reason that holds.
findings AS (
  SELECT
    asked.key_arn, asked.account, asked.region, asked.aliases, asked.key_set,
    states.state, states.state_time, states.created_time,
    uses_of_sets.last_use, uses_of_sets.uses_before, uses_of_sets.last_callers, sets.members, coalesce(uses_of_logs.uses, 0) AS uses_of_other_keys,
    unknown_calls.operations AS unknown_operations,
    CASE
      WHEN inside_accounts.account IS NULL THEN 'foreign'
      WHEN log_accounts.account IS NULL THEN 'no_logs'
      WHEN NOT asked.is_proven THEN 'unproven'
      WHEN states.state = 'Deleted' THEN 'deleted'
      WHEN active_sets.key_set IS NOT NULL OR uses_of_sets.last_use >= $since THEN 'used'
      WHEN uses_of_sets.is_unsure THEN 'unsure'
      WHEN unknown_calls.key_set IS NOT NULL THEN 'unknown'
      WHEN states.created_time >= $since AND sets.first_time >= $since THEN 'young'
      ELSE 'unused'
    END AS finding
  FROM scope_keys AS asked
  JOIN sets ON sets.key_set = asked.key_set
  LEFT JOIN keys AS states ON states.key_arn = asked.key_arn
  LEFT JOIN active_sets ON active_sets.key_set = asked.key_set
  LEFT JOIN uses_of_sets ON uses_of_sets.key_set = asked.key_set
  LEFT JOIN unknown_calls ON unknown_calls.key_set = asked.key_set
  LEFT JOIN uses_of_logs ON uses_of_logs.account = asked.account AND uses_of_logs.region = asked.region
  LEFT JOIN inside_accounts ON inside_accounts.account = asked.account
  LEFT JOIN log_accounts ON log_accounts.account = asked.account
  WHERE $until IS NULL OR asked.first_time < $until
),

-- Each finding counted, with three of its keys. Where a key is asked for, all is told of it instead.
findings_counted AS (
  SELECT
    count(*) FILTER (WHERE finding IN ('used', 'unused', 'deleted', 'young', 'unsure', 'unknown')) AS keys,
    count(*) FILTER (WHERE finding = 'used') AS used,
    count(*) FILTER (WHERE finding = 'unused') AS unused,
    count(*) FILTER (WHERE finding = 'deleted') AS deleted,
    count(*) FILTER (WHERE finding = 'young') AS young,
    count(*) FILTER (WHERE finding = 'unsure') AS unsure,
    count(*) FILTER (WHERE finding = 'unknown') AS unknown,
    count(*) FILTER (WHERE finding = 'unproven') AS unproven,
    count(*) FILTER (WHERE finding = 'foreign') AS strange,
    count(*) FILTER (WHERE finding = 'no_logs') AS unlogged,
    string_agg(key_arn || ' on ' || to_char(state_time, '%Y-%m-%d'), ', ' ORDER BY place)
      FILTER (WHERE finding = 'deleted' AND place <= 3) AS deleted_keys,
    string_agg(key_arn || ' created ' || to_char(created_time, '%Y-%m-%d'), ', ' ORDER BY place)
      FILTER (WHERE finding = 'young' AND place <= 3) AS young_keys,
    string_agg(key_arn || ' by ' || unknown_operations, ', ' ORDER BY place)
      FILTER (WHERE finding = 'unknown' AND place <= 3) AS unknown_keys,
    string_agg(key_arn, ', ' ORDER BY place) FILTER (WHERE finding = 'unproven' AND place <= 3) AS unproven_keys,
    string_agg(key_arn, ', ' ORDER BY place) FILTER (WHERE finding = 'foreign' AND place <= 3) AS foreign_keys,
    string_agg(key_arn, ', ' ORDER BY place) FILTER (WHERE finding = 'no_logs' AND place <= 3) AS unlogged_keys,
    count(*) FILTER (WHERE finding = 'unused' AND uses_of_other_keys = 0) AS silent,
    array_agg(
      key_arn || ': '
        || CASE finding
          WHEN 'used' THEN 'used in the window'
          WHEN 'unused' THEN 'not used in the window'
          WHEN 'deleted' THEN 'deleted at ' || iso_time(state_time)
          WHEN 'young' THEN 'not used, but younger than the window: created at ' || iso_time(created_time)
          WHEN 'unknown' THEN 'may have been used in the window, by operations that are not known: ' || unknown_operations
          WHEN 'foreign' THEN 'not judged, because its account is not yours'
          WHEN 'no_logs' THEN 'not judged, because no log of its account is in the store'
          WHEN 'unproven' THEN 'not judged, because only refused calls or dry runs name it: it may not exist'
          ELSE 'not judged, because the events of the day of its last use are deleted'
        END
        || coalesce(
          '; last used at ' || iso_time(last_use) || ' by ' || last_callers, '; no log shows a use'
        )
        || coalesce(' (multi-Region set, ' || members || ')', '')
        || CASE
          WHEN finding = 'unused' AND uses_of_other_keys = 0
            THEN '; the log of its account and region shows no use of any key in the window, so that uses may not be logged there'
          ELSE ''
        END
      ORDER BY key_arn
    ) FILTER (WHERE cardinality($key_arns) > 0) AS asked_keys
  FROM (SELECT *, row_number() OVER (PARTITION BY finding ORDER BY key_arn) AS place FROM findings)
),

-- The accounts that the filters leave; keys are judged where their logs are in the store.
own_accounts AS (
  SELECT
    count(log_accounts.account) AS accounts,
    count(*) FILTER (WHERE log_accounts.account IS NULL) AS unlogged_accounts,
    string_agg(inside_accounts.account, ', ' ORDER BY inside_accounts.account)
      FILTER (WHERE log_accounts.account IS NULL) AS unlogged_names
  FROM inside_accounts
  LEFT JOIN log_accounts ON log_accounts.account = inside_accounts.account
  WHERE ($account IS NULL OR inside_accounts.account = $account) AND is_asked_owner(NULL, inside_accounts.account)
),

-- What is said above the rows: of how many keys, or of the one that was asked for; what was left out and why; and
-- what the logs cannot tell.
lines AS (
  SELECT
    CASE
      WHEN cardinality($key_arns) > 0 THEN asked_keys
      WHEN cardinality($key_names) > 0
        THEN make_array(array_to_string($key_names, ', ') || ': not judged, because it is typed in calls only, and no log shows that there is such a key')
      ELSE make_array(
        CASE
          WHEN accounts > 0 THEN
            keys || CASE keys WHEN 1 THEN ' key' ELSE ' keys' END || ' of your ' || accounts
              || CASE accounts WHEN 1 THEN ' account' ELSE ' accounts' END || ' seen in logs: '
              || concat_ws(
                ', ', used || ' used', unused || ' unused', nullif(deleted, 0) || ' deleted',
                nullif(young, 0) || ' younger than the window', nullif(unsure + unknown, 0) || ' uncertain'
              )
        END,
        'left out, deleted: ' || deleted || ' (' || deleted_keys || CASE WHEN deleted > 3 THEN ', …)' ELSE ')' END,
        'left out, younger than the window: ' || young || ' (' || young_keys || CASE WHEN young > 3 THEN ', …)' ELSE ')' END,
        'left out, may have been used by operations that this version of keytrail does not know: ' || unknown
          || ' (' || unknown_keys || CASE WHEN unknown > 3 THEN ', …)' ELSE ')' END,
        'left out, named only in refused calls or dry runs, so that they may not exist: ' || unproven
          || ' (' || unproven_keys || CASE WHEN unproven > 3 THEN ', …)' ELSE ')' END,
        'left out, not of your accounts: ' || strange || ' (' || foreign_keys || CASE WHEN strange > 3 THEN ', …)' ELSE ')' END,
        'left out, no log of their account in the store: ' || unlogged
          || ' (' || unlogged_keys || CASE WHEN unlogged > 3 THEN ', …)' ELSE ')' END,
        'your accounts without a log in the store, of whose keys nothing is known: '
          || nullif(unlogged_accounts, 0) || ' (' || unlogged_names || ')',
        'unused keys of an account and region whose log shows no use of any key in the window, so that uses may not be '
          || 'logged there: ' || nullif(silent, 0)
      )
    END AS texts
  FROM findings_counted
  CROSS JOIN own_accounts
),

summary AS (
  SELECT unnest(range(1, CAST(cardinality(texts) AS BIGINT) + 1)) AS place, unnest(texts) AS text
  FROM lines
  UNION ALL
  SELECT 1001 AS place, key_arn || ': no log names it before the end of the window' AS text
  FROM scope_keys
  WHERE cardinality($key_arns) > 0 AND first_time >= $until
  UNION ALL
  SELECT
    1002 AS place,
    'the logs begin at ' || iso_time(first_time)
      || CASE
        WHEN first_time >= $until THEN ', after the window ends: nothing is known of it'
        ELSE ', after the window does: nothing is known of the time before, and a key used at any time since then counts as used'
          || coalesce(
            '; the longest window within the logs is --days '
              || nullif((CAST($until AS BIGINT) - CAST(first_time AS BIGINT)) / 86400000000, 0),
            ''
          )
      END AS text
  FROM (
    SELECT greatest(coalesce(log_period.first_time, counted.first_time), retention_horizon('usage_daily')) AS first_time
    FROM log_period
    CROSS JOIN (SELECT min(first_time) AS first_time FROM usage_monthly) AS counted
  ) AS logged
  WHERE first_time > $since
  UNION ALL
  SELECT
    1003 AS place,
    'no KMS event of the window is in the store: no key was used only if its logs are complete (keytrail report coverage)' AS text
  FROM (
    SELECT min(first_time) AS first_time, count(*) FILTER (WHERE last_time >= $since AND first_time < $until) AS months
    FROM usage_monthly
  ) AS logged
  WHERE first_time < $until AND months = 0
),

grants_of_keys AS (
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
  coalesce(keys_seen.failed_attempts, 0) AS failed_attempts,
  (CAST($until AS BIGINT) - CAST(findings.created_time AS BIGINT)) / 86400000000 AS age_days,
  fetched.last_time AS public_key_fetched,
  -- The roll-up outlives the events that say which grant it was.
  CASE
    WHEN keys_seen.first_grant IS NULL OR keys_seen.first_grant >= grants_of_keys.first_grant THEN coalesce(grants_of_keys.open_grants, 0)
  END AS open_grants,
  findings.members AS multi_region,
  keys_seen.last_change,
  findings.uses_of_other_keys,
  keys_seen.first_seen,
  keys_seen.last_seen
FROM findings
LEFT JOIN keys_seen ON keys_seen.key_arn = findings.key_arn
LEFT JOIN fetched ON fetched.key_set = findings.key_set
LEFT JOIN grants_of_keys ON grants_of_keys.key_arn = findings.key_arn
LEFT JOIN current_accounts ON current_accounts.account = findings.account
WHERE findings.finding = 'unused'
ORDER BY last_use NULLS FIRST, findings.key_arn
