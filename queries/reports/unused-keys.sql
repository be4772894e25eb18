-- id: unused-keys
-- title: Keys without a use
-- description: Keys that the logs name by ARN and that no successful cryptographic operation used in the
--   window: the last so many days before the end, or from --since. Read from the daily roll-up, so it
--   still answers when the events themselves have been removed. A use counts whoever's log holds it;
--   one that typed the key's id counts too, one that typed an alias counts for every key that the alias
--   pointed to that day. Keys of a multi-Region set decrypt each other's data: a use of any member
--   counts for every member, and last_use, uses_before and last_callers are those of the set
--   (multi_region names its members). last_use is null where the logs held show no use at all.
--   uses_before counts the records in the log of the key's account, and the caller's where that log
--   has none of the operation that day. failed_attempts counts the cryptographic operations on this key that
--   failed in the window: somebody still wants it. uses_in_log counts the successful cryptographic
--   operations on any key that the log of the key's account and region shows in the window: 0 says that
--   reads may not have been logged at all. last_change is the last change of the key's life that is seen.
--   doubt is set where no call on the key ever got beyond a refusal: it may not exist. A key that KMS only
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
--   FROM usage_daily
--   HAVING min(first_time) > $since
-- caveat:
--   SELECT 'successful uses in the window that tell no known key, and could be of any of these: ' || sum(count)
--   FROM usage_by_key
--   WHERE key_arn IS NULL AND kind = 'use' AND outcome = 'success' AND NOT is_correction
--     AND ($since IS NULL OR last_time >= $since) AND ($until IS NULL OR first_time < $until)
--     AND ($account IS NULL OR recipient_account_id = $account) AND ($region IS NULL OR region = $region)
--   HAVING sum(count) > 0
-- caveat:
--   SELECT 'uses that typed an alias at a time for which no log shows where it pointed, taken for the key '
--     || 'that it was seen to point to: ' || sum(count)
--   FROM usage_by_key
--   WHERE key_arn IS NOT NULL AND key LIKE '%alias/%' AND kind = 'use' AND outcome = 'success' AND NOT is_correction
--     AND ($until IS NULL OR first_time < $until)
--     AND ($account IS NULL OR recipient_account_id = $account) AND ($region IS NULL OR region = $region)
--     AND NOT EXISTS (
--       SELECT 1 FROM typed_names
--       WHERE typed_names.name = usage_by_key.key AND typed_names.key_arn = usage_by_key.key_arn
--         AND typed_names.proven_from <= usage_by_key.first_time
--         AND (typed_names.proven_to IS NULL OR typed_names.proven_to >= usage_by_key.last_time)
--     )
--   HAVING sum(count) > 0
-- caveat:
--   SELECT 'key ARNs that KMS only ever answered as not found, which are left out: ' || count(DISTINCT key)
--   FROM usage_daily
--   WHERE key LIKE 'arn:%:kms:%:key/%' AND key NOT IN (SELECT key_arn FROM known_keys)
--     AND ($account IS NULL OR split_part(key, ':', 5) = $account)
--     AND ($region IS NULL OR split_part(key, ':', 4) = $region)
--   HAVING count(*) > 0
-- caveat:
--   SELECT 'keys left out because their uses of a day reach over both ends of the window, and the events of '
--     || 'that day are no longer held: ' || count(DISTINCT key_arn)
--   FROM usage_by_key
--   WHERE kind = 'use' AND outcome = 'success' AND key_arn IS NOT NULL
--     AND first_time < $since AND last_time >= $until
--     AND (
--       SELECT sum(count) FROM usage_daily WHERE key_role <> 'destination' AND event_date = CAST($since AS DATE)
--     ) > (SELECT count(*) FROM kms_events WHERE event_date = CAST($since AS DATE))
--   HAVING count(*) > 0

-- The days of the window's edges, where all their events are held.
WITH edge_days AS (
  SELECT counted.event_date
  FROM (
    SELECT event_date, sum(count) AS records
    FROM usage_daily
    WHERE key_role <> 'destination' AND event_date IN (CAST($since AS DATE), CAST($until AS DATE))
    GROUP BY event_date
  ) AS counted
  JOIN (
    SELECT event_date, count(*) AS records
    FROM kms_events
    WHERE event_date IN (CAST($since AS DATE), CAST($until AS DATE))
    GROUP BY event_date
  ) AS held ON held.event_date = counted.event_date AND held.records = counted.records
),

edge_events AS (
  SELECT
    key_arn, event_date, key_events.event_name, caller, record_role, is_correction, event_time,
    CASE WHEN is_dry_run THEN 'dry_run' ELSE outcome END AS outcome,
    CASE WHEN crypto_operations.event_name IS NULL THEN 'management' ELSE 'use' END AS kind,
    coalesce(event_time >= $since, true) AS is_inside
  FROM key_events
  LEFT JOIN crypto_operations ON crypto_operations.event_name = key_events.event_name
  WHERE key_arn IS NOT NULL AND event_time < $until
    AND event_date IN (CAST($since AS DATE), CAST($until AS DATE))
    AND event_date IN (SELECT event_date FROM edge_days)
),

-- Rows of the roll-up, each about a day; those of the window's edges are cut there by their events. Where
-- these are gone, last_time is one that surely lies before the end.
counts AS (
  SELECT
    key_arn, event_date, event_name, caller, kind, outcome, record_role, is_correction, count, first_time,
    CASE WHEN last_time >= $until THEN first_time ELSE last_time END AS last_time,
    coalesce(last_time >= $since, true) AS is_inside,
    coalesce(first_time < $since AND last_time >= $until, false) AS is_unsure
  FROM usage_by_key
  WHERE key_arn IS NOT NULL AND ($until IS NULL OR first_time < $until)
    AND NOT EXISTS (SELECT 1 FROM edge_days WHERE edge_days.event_date = usage_by_key.event_date)
  UNION ALL
  SELECT
    key_arn, event_date, event_name, caller, kind, outcome, record_role, is_correction, count(*) AS count,
    min(event_time) AS first_time, max(event_time) AS last_time, is_inside, false AS is_unsure
  FROM edge_events
  GROUP BY key_arn, event_date, event_name, caller, kind, outcome, record_role, is_correction, is_inside
),

-- Of most keys a row that lies wholly in the window shows a use; all that follows is about the others.
active_sets AS (
  SELECT DISTINCT known_keys.key_set
  FROM known_keys
  JOIN usage_by_key ON usage_by_key.key_arn = known_keys.key_arn
  WHERE usage_by_key.kind = 'use' AND usage_by_key.outcome = 'success'
    AND usage_by_key.event_date >= CAST($since AS DATE)
    AND usage_by_key.first_time >= $since AND usage_by_key.last_time < $until
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
      WHERE kind = 'use' AND outcome NOT IN ('success', 'dry_run') AND NOT is_correction AND is_inside
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
    coalesce(sum(count) FILTER (WHERE record_role = 'owner' AND NOT is_correction), 0) AS owner_records,
    coalesce(sum(count) FILTER (WHERE record_role = 'caller_copy' AND NOT is_correction), 0) AS caller_records,
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
    -- Place 1 stands for the caller.
    row_number() OVER (
      PARTITION BY key_set, caller ORDER BY last_time DESC, key_arn, event_date, event_name
    ) AS place
  FROM callers
),

ranked AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY key_set, place = 1 ORDER BY last_time DESC, caller) AS caller_rank
  FROM judged
),

uses AS (
  SELECT
    key_set,
    max(last_time) AS last_use,
    bool_or(is_unsure) AS is_unsure,
    sum(CASE WHEN owner_records_of_day > 0 THEN owner_records ELSE caller_records END) AS uses_before,
    string_agg(caller, ', ' ORDER BY caller_rank) FILTER (WHERE place = 1 AND caller_rank <= 3) AS last_callers
  FROM ranked
  GROUP BY key_set
),

sets AS (
  SELECT key_set, count(*) || ' known: ' || string_agg(region, ', ' ORDER BY region) AS members
  FROM known_keys
  WHERE is_multi_region
  GROUP BY key_set
),

logs AS (
  SELECT recipient_account_id AS account, region, sum(count) AS uses
  FROM usage_daily
  WHERE outcome = 'success' AND key_role <> 'destination'
    AND event_name IN (SELECT event_name FROM crypto_operations)
    AND ($since IS NULL OR last_time >= $since) AND ($until IS NULL OR first_time < $until)
  GROUP BY recipient_account_id, region
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
  CASE WHEN NOT keys.is_proven THEN 'seen in refused calls only' END AS doubt,
  coalesce(logs.uses, 0) AS uses_in_log,
  seen.first_seen,
  seen.last_seen
FROM scope_keys AS keys
JOIN seen ON seen.key_arn = keys.key_arn
LEFT JOIN uses ON uses.key_set = keys.key_set
LEFT JOIN sets ON sets.key_set = keys.key_set
LEFT JOIN logs ON logs.account = keys.account AND logs.region = keys.region
LEFT JOIN current_accounts ON current_accounts.account = keys.account
WHERE uses.last_use IS NULL OR (uses.last_use < $since AND NOT uses.is_unsure)
ORDER BY last_use NULLS FIRST, keys.key_arn
