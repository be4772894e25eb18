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
--   Account and region are the key's. The window's edges are exact for uses; failed_attempts and
--   uses_in_log count a day of the roll-up in full if part of it lies inside.
-- param days: days = 90. How many days before the end of the window a key must have had no use.
-- footnote: seen in logs, not a verdict: a key that no log shows in use can still protect data at rest
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

WITH usage AS (
  SELECT usage_by_key.*, known_keys.key_set
  FROM usage_by_key
  JOIN known_keys ON known_keys.key_arn = usage_by_key.key_arn
  WHERE $until IS NULL OR usage_by_key.first_time < $until
),

seen AS (
  SELECT
    key_arn,
    min(first_time) AS first_seen,
    max(last_time) AS last_seen,
    coalesce(sum(count) FILTER (
      WHERE kind = 'use' AND outcome NOT IN ('success', 'dry_run') AND NOT is_correction
        AND ($since IS NULL OR last_time >= $since)
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
    max(last_time) AS last_time
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
  keys.region,
  keys.aliases,
  uses.last_use,
  coalesce(uses.uses_before, 0) AS uses_before,
  uses.last_callers,
  seen.failed_attempts,
  sets.members AS multi_region,
  seen.last_change,
  coalesce(logs.uses, 0) AS uses_in_log,
  seen.first_seen,
  seen.last_seen
FROM key_names AS keys
JOIN seen ON seen.key_arn = keys.key_arn
LEFT JOIN uses ON uses.key_set = keys.key_set
LEFT JOIN sets ON sets.key_set = keys.key_set
LEFT JOIN logs ON logs.account = keys.account AND logs.region = keys.region
WHERE ($account IS NULL OR keys.account = $account)
  AND ($region IS NULL OR keys.region = $region)
  AND (uses.last_use IS NULL OR uses.last_use < $since)
ORDER BY last_use NULLS FIRST, keys.key_arn
