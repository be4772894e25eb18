-- id: scope_usage_of_callers
-- title: Daily usage in the window that passes the filters, for any account and caller
-- description: Rows of scope_usage for all accounts and callers, so that a call can be separated from its second record
--   in another account's log before account or caller filters apply.
-- depends: usage_by_key, scope_events_of_callers, replaced_events

WITH cut_events AS (
  SELECT
    event_date, nullif(counted_key, '') AS key,
    CASE
      WHEN counted_key = '' AND key_arn IS NULL THEN 'none'
      WHEN key_role = 'source' AND other_counted_key = counted_key THEN 'both'
      ELSE key_role
    END AS key_role,
    caller, scope_events_of_callers.event_name,
    CASE WHEN is_dry_run THEN 'dry_run' ELSE outcome END AS outcome,
    invoked_by, recipient_account_id, region, record_role, is_correction,
    coalesce(use_label, 'none') AS use_label,
    event_time, key_arn,
    operation_kind(event_name) AS kind
  FROM scope_events_of_callers
  WHERE (
      $service IS NOT NULL
      OR ($first_cut_day IS NOT NULL AND event_date = $first_cut_day)
      OR ($last_cut_day IS NOT NULL AND event_date = $last_cut_day)
    )
    AND NOT EXISTS (
      SELECT 1 FROM replaced_events
      WHERE replaced_events.event_id = scope_events_of_callers.event_id
        AND replaced_events.content_hash = scope_events_of_callers.content_hash
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
  AND (
    $region IS NULL OR cardinality($key_arns) > 0
    OR coalesce(nullif(split_part(key_arn, ':', 4), ''), region) = $region
  )
  AND (
    cardinality($key_accounts) = 0
    OR array_has($key_accounts, coalesce(nullif(split_part(key_arn, ':', 5), ''), recipient_account_id))
  )
  AND (cardinality($tagged_keys) = 0 OR array_has($tagged_keys, key_arn))
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
