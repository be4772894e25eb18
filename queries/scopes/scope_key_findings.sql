-- id: scope_key_findings
-- title: Keys that pass the filters, each with what the logs show of its use
-- description: Each key of scope_keys that a log names before the window ends, with the first finding that applies: `foreign`
--   (its account is not yours), `no_logs` (no log of its account is in the store), `unproven` (only refused calls or dry
--   runs name it), `deleted`, `used` (in the window, by any member of a multi-Region set), `unsure` (the events of the day of
--   its last use are deleted, so that it may have been in the window), `unknown` (an operation that is not known may have
--   been a use), `young` (created in the window) or `unused`; and what is known of earlier uses.
-- depends: scope_keys, scope_key_counts, known_keys, keys, typed_names, inside_accounts, log_accounts

WITH counts AS (
  SELECT scope_key_counts.*, known_keys.key_set
  FROM scope_key_counts
  JOIN known_keys ON known_keys.key_arn = scope_key_counts.key_arn
),

-- Where the counts of days were deleted, those of the month say what was typed, for any key that it may have meant.
sets_of_months AS (
  SELECT DISTINCT known_keys.key_set
  FROM usage_monthly
  LEFT JOIN typed_names ON typed_names.name = usage_monthly.key
    AND coalesce(typed_names.account = usage_monthly.recipient_account_id, true)
    AND coalesce(typed_names.region = usage_monthly.region, true)
  JOIN known_keys ON known_keys.key_arn = coalesce(typed_names.key_arn, usage_monthly.key)
  WHERE usage_monthly.first_time < retention_horizon('usage_daily')
    AND outcome = 'success' AND operation_kind(event_name) = 'use'
    AND usage_monthly.last_time >= $since AND usage_monthly.first_time < $until
    AND (typed_names.key_arn IS NOT NULL OR usage_monthly.first_time >= $since OR usage_monthly.last_time < $until)
),

keys_seen AS (
  SELECT
    key_arn,
    min(first_time) AS first_seen,
    max(last_time) AS last_seen,
    sum(count_inside) FILTER (WHERE kind IN ('use', 'unknown') AND outcome NOT IN ('success', 'dry_run')) AS failed_attempts,
    last_value(event_name || ' ' || iso_time(last_time) ORDER BY last_time, event_name) FILTER (
      WHERE outcome = 'success' AND event_name IN (
        'CreateKey', 'EnableKey', 'DisableKey', 'ScheduleKeyDeletion', 'CancelKeyDeletion', 'DeleteKey',
        'ImportKeyMaterial', 'DeleteImportedKeyMaterial', 'DeleteExpiredKeyMaterial'
      )
    ) AS last_change,
    min(first_time) FILTER (WHERE outcome = 'success' AND event_name = 'CreateGrant') AS first_grant
  FROM counts
  GROUP BY key_arn
),

-- An operation that is not known may have been a use, and then of each member of the set.
unknown_calls AS (
  SELECT key_set, string_agg(DISTINCT event_name, ', ' ORDER BY event_name) AS operations
  FROM (
    SELECT key_set, event_name
    FROM counts
    WHERE kind = 'unknown' AND outcome <> 'dry_run' AND count_inside > 0
    UNION ALL
    SELECT key_set, event_name
    FROM usage_monthly
    JOIN known_keys ON known_keys.key_arn = usage_monthly.key
    WHERE usage_monthly.first_time < retention_horizon('usage_daily')
      AND operation_kind(event_name) = 'unknown' AND outcome <> 'dry_run'
      AND usage_monthly.last_time >= $since AND usage_monthly.first_time < $until
  )
  GROUP BY key_set
),

fetched AS (
  SELECT key_set, max(last_time) AS last_time
  FROM counts
  WHERE outcome = 'success' AND event_name = 'GetPublicKey'
  GROUP BY key_set
),

callers AS (
  SELECT key_set, caller, sum(count) AS uses, max(last_time) AS last_time, bool_or(is_unsure) AS is_unsure
  FROM counts
  WHERE kind = 'use' AND outcome = 'success'
  GROUP BY key_set, caller
),

uses_of_sets AS (
  SELECT
    key_set,
    max(last_time) AS last_use,
    bool_or(is_unsure) AS is_unsure,
    sum(uses) AS uses_before,
    string_agg(caller, ', ' ORDER BY place) FILTER (WHERE place <= 3) AS last_callers
  FROM (
    SELECT *, row_number() OVER (PARTITION BY key_set ORDER BY last_time DESC, caller) AS place
    FROM callers
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
  SELECT account, region, sum(uses) AS uses
  FROM (
    SELECT account, region, count_of_log AS uses
    FROM scope_key_counts
    WHERE kind = 'use' AND outcome = 'success'
    UNION ALL
    SELECT recipient_account_id, region, count
    FROM usage_monthly
    WHERE last_time < retention_horizon('usage_daily')
      AND outcome = 'success' AND operation_kind(event_name) = 'use' AND key_role <> 'destination'
      AND overlaps_window(first_time, last_time)
  )
  GROUP BY account, region
)

SELECT
  asked.key_arn, asked.account, asked.region, asked.aliases, asked.key_set,
  states.state, states.state_time, states.created_time,
  uses_of_sets.last_use, uses_of_sets.uses_before, uses_of_sets.last_callers, sets.members,
  coalesce(uses_of_logs.uses, 0) AS uses_of_other_keys,
  unknown_calls.operations AS unknown_operations,
  keys_seen.failed_attempts, keys_seen.last_change, keys_seen.first_grant, keys_seen.first_seen, keys_seen.last_seen,
  fetched.last_time AS public_key_fetched,
  CASE
    WHEN inside_accounts.account IS NULL THEN 'foreign'
    WHEN log_accounts.account IS NULL THEN 'no_logs'
    WHEN NOT asked.is_proven THEN 'unproven'
    WHEN states.state = 'Deleted' THEN 'deleted'
    WHEN uses_of_sets.last_use >= $since OR sets_of_months.key_set IS NOT NULL THEN 'used'
    WHEN uses_of_sets.is_unsure THEN 'unsure'
    WHEN unknown_calls.key_set IS NOT NULL THEN 'unknown'
    WHEN states.created_time >= $since AND sets.first_time >= $since THEN 'young'
    ELSE 'unused'
  END AS finding
FROM scope_keys AS asked
JOIN sets ON sets.key_set = asked.key_set
LEFT JOIN keys AS states ON states.key_arn = asked.key_arn
LEFT JOIN sets_of_months ON sets_of_months.key_set = asked.key_set
LEFT JOIN uses_of_sets ON uses_of_sets.key_set = asked.key_set
LEFT JOIN keys_seen ON keys_seen.key_arn = asked.key_arn
LEFT JOIN fetched ON fetched.key_set = asked.key_set
LEFT JOIN unknown_calls ON unknown_calls.key_set = asked.key_set
LEFT JOIN uses_of_logs ON uses_of_logs.account = asked.account AND uses_of_logs.region = asked.region
LEFT JOIN inside_accounts ON inside_accounts.account = asked.account
LEFT JOIN log_accounts ON log_accounts.account = asked.account
WHERE $until IS NULL OR asked.first_time < $until
