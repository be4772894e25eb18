-- id: scope_usage
-- title: The daily usage of the window that the filters leave
-- description: Rows like those of usage_by_key, which counts records, in the window and within the filters of
--   the report, which mean what they mean in scope_uses_ever. Both records of a
--   cross-account call are in here (record_role), records of network activity (record_role network), and what is in
--   doubt. Days that the window cuts in two
--   are counted from their events, and so is everything where a service is asked for, which the
--   roll-up does not tell in full. Where the events of a day that is cut are no longer held, each of its rows
--   that reaches into the window counts in full.
-- depends: usage_by_key, scope_events, replaced_events
-- caveat:
--   SELECT 'records that typed an alias which moved that day, counted for each key that it pointed to, because the '
--     || 'events that would tell are no longer held: ' || sum(count)
--   FROM (
--     SELECT DISTINCT
--       event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region, use_label, count
--     FROM scope_usage
--     WHERE doubt = 'alias'
--   )
--   HAVING sum(count) > 0
-- caveat:
--   SELECT 'records of network activity at VPC endpoints, which tell again what KMS recorded, not counted: ' || sum(count)
--   FROM scope_usage
--   WHERE record_role = 'network'
--   HAVING sum(count) > 0
-- caveat:
--   SELECT 'records counted though some of them lie outside of the window, because the events that would tell '
--     || 'are no longer held: ' || sum(count)
--   FROM scope_usage
--   WHERE ($since IS NOT NULL AND first_time < $since AND last_time >= $since)
--     OR ($until IS NOT NULL AND first_time < $until AND last_time >= $until)
--   HAVING sum(count) > 0
-- caveat:
--   SELECT 'records of the window that are left out, because their events are no longer held and nothing '
--     || 'else tells their service: ' || (counted.records - held.records)
--   FROM (
--     SELECT coalesce(sum(count), 0) AS records
--     FROM usage_daily
--     WHERE key_role <> 'destination'
--       AND ($since IS NULL OR event_date > CAST($since AS DATE)) AND ($until IS NULL OR event_date < CAST($until AS DATE))
--   ) AS counted
--   CROSS JOIN (
--     SELECT count(*) AS records
--     FROM kms_events
--     WHERE ($since IS NULL OR event_date > CAST($since AS DATE)) AND ($until IS NULL OR event_date < CAST($until AS DATE))
--   ) AS held
--   WHERE $service IS NOT NULL AND counted.records > held.records

WITH cut_events AS (
  SELECT
    event_date, nullif(counted_key, '') AS key,
    CASE
      WHEN counted_key = '' AND key_arn IS NULL THEN 'none'
      WHEN key_role = 'source' AND other_counted_key = counted_key THEN 'both'
      ELSE key_role
    END AS key_role,
    caller, scope_events.event_name,
    CASE WHEN is_dry_run THEN 'dry_run' ELSE outcome END AS outcome,
    invoked_by, recipient_account_id, region, record_role, is_correction,
    coalesce(use_label, 'none') AS use_label,
    event_time, key_arn,
    operation_kind(event_name) AS kind
  FROM scope_events
  WHERE (
      $service IS NOT NULL
      OR ($first_cut_day IS NOT NULL AND event_date = $first_cut_day)
      OR ($last_cut_day IS NOT NULL AND event_date = $last_cut_day)
    )
    AND NOT EXISTS (
      SELECT 1 FROM replaced_events
      WHERE replaced_events.event_id = scope_events.event_id AND replaced_events.content_hash = scope_events.content_hash
    )
)

SELECT
  event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region,
  record_role, is_correction, use_label, count, first_time, last_time, hours_mask, key_arn, kind, doubt
FROM usage_by_key
WHERE $service IS NULL
  AND (
    (cardinality($key_arns) = 0 AND cardinality($key_names) = 0)
    OR array_has($key_arns, key_arn)
    OR array_has($key_names, coalesce(key_arn, key))
  )
  AND ($account IS NULL OR cardinality($key_arns) > 0 OR recipient_account_id = $account)
  AND (
    $region IS NULL OR cardinality($key_arns) > 0
    OR coalesce(nullif(split_part(key_arn, ':', 4), ''), region) = $region
  )
  AND (
    cardinality($key_accounts) = 0
    OR array_has($key_accounts, coalesce(nullif(split_part(key_arn, ':', 5), ''), recipient_account_id))
  )
  AND (cardinality($tagged_keys) = 0 OR array_has($tagged_keys, key_arn))
  AND ($caller IS NULL OR caller IS NOT DISTINCT FROM $caller)
  AND ($hide_own IS NOT TRUE OR use_label = 'none')
  AND ($since IS NULL OR (last_time >= $since AND event_date >= CAST($since AS DATE)))
  AND ($until IS NULL OR (first_time < $until AND event_date <= CAST($until AS DATE)))
  AND ($first_cut_day IS NULL OR event_date <> $first_cut_day)
  AND ($last_cut_day IS NULL OR event_date <> $last_cut_day)
UNION ALL
SELECT
  event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region,
  record_role, is_correction, use_label,
  count(*) AS count, min(event_time) AS first_time, max(event_time) AS last_time,
  CAST(bit_or(CAST(1 AS INT) << CAST(date_part('hour', event_time) AS INT)) AS INT) AS hours_mask,
  key_arn, kind, arrow_cast(NULL, 'Utf8') AS doubt
FROM cut_events
GROUP BY
  event_date, key, key_role, caller, event_name, outcome, invoked_by, recipient_account_id, region,
  record_role, is_correction, use_label, key_arn, kind
