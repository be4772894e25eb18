-- id: scope_findings_said
-- title: What is said above the rows of unused-keys
-- description: How many keys were judged, or what was found of the keys asked for; what was left out and why; and what the
--   logs cannot tell. A line each, in the order of place.
-- depends: scope_key_findings, scope_keys, inside_accounts, log_accounts, log_period

-- Each finding counted, with three of its keys. Where a key is asked for, all is told of it instead.
WITH findings_counted AS (
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
  FROM (SELECT *, row_number() OVER (PARTITION BY finding ORDER BY key_arn) AS place FROM scope_key_findings)
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
)

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
