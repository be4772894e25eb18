-- id: who-used
-- title: Callers of the key
-- description: Callers of a key, and what they did with it. The lines above the rows show the key with its account,
--   aliases and state (view keys), and how often it was used. An event counts if it names the key by ARN, as its key or
--   as the destination of a ReEncrypt, or if the typed ID or alias meant the key in the caller's account and region at
--   that time. An operation counts once: of the records of a cross-account call, the one in the log of the key's
--   account, with the caller from the caller's own record; a correction replaces the record that it corrects; an
--   operation on two of the given keys counts for its source. Dry runs are left out. Account and region filters say
--   which key is meant, not who used it. With an S3 Bucket Key the resource is the bucket: counts are KMS calls, not
--   reads of objects.
-- param key: key, required. The key's id, ARN, alias or alias ARN, or the id of a multi-Region set.
-- column kind: `use` for cryptographic operations, `management` for other calls (DescribeKey, CreateGrant, …), which do
--   not use the key, `unknown` for operations that this version of keytrail does not know, which may be uses
-- column caller: the caller: ARN of the role or user, `account:<id>` or `service:<name>`
-- column account_name: name of the caller's account in the latest list; null if not known
-- column service: service whose resource the key was used for, or that called for the caller
-- column label: `cloudtrail_delivery` for CloudTrail encrypting its own logs, `self` for keytrail's own calls, else
--   null
-- column operations: successful operations with their counts, most frequent first
-- column successes: number of successful cryptographic operations; 0 in rows of other kinds
-- column other_calls: number of successful calls of kind `management` or `unknown`; 0 in rows of kind `use`
-- column sessions: number of sessions with a successful call
-- column session_sample: the three most frequent of these
-- column resources: number of resources in successful calls
-- column resource_sample: the three most frequent of these
-- column first_time: first successful call; null if all failed
-- column last_time: last successful call
-- column failures: number of failed calls
-- column failure_reasons: outcomes of the failed calls with their counts
-- column failed_operations: operations of the failed calls with their counts
-- column last_failure: last failed call
-- summary: SELECT text FROM summary ORDER BY place, text
-- caveat:
--   SELECT note['code'] AS code, note['count'] AS count, note['text'] AS text
--   FROM (
--     SELECT unnest(make_array(
--       note('dry-runs', dry_runs, counted(dry_runs, 'dry run', 'dry runs') || ' of this key not counted'),
--       note(
--         'unproven-alias', unproven,
--         counted(unproven, 'record', 'records') || ' counted for this key by an alias; no log shows where it pointed then'
--       )
--     )) AS note
--     FROM (
--       SELECT
--         count(*) FILTER (WHERE is_dry_run OR outcome = 'dry_run') AS dry_runs,
--         count(*) FILTER (WHERE resolution = 'alias_unproven') AS unproven
--       FROM scope_uses
--       WHERE is_dry_run OR outcome = 'dry_run' OR resolution = 'alias_unproven'
--     )
--   )
--   WHERE note['count'] > 0
-- caveat:
--   SELECT
--     'unresolved' AS code,
--     count(*) AS count,
--     counted(count(*), 'operation names', 'operations name') || ' no key (' || count(*) FILTER (WHERE outcome = 'success')
--       || ' succeeded); some may be of this key' AS text
--   FROM key_events
--   WHERE key_arn IS NULL AND NOT is_dry_run AND outcome <> 'dry_run'
--     AND operation_kind(event_name) = 'use'
--     AND NOT coalesce(array_has($key_names, key_as_typed), false)
--     AND is_in_window(event_time) AND is_day_in_window(event_date)
--     AND EXISTS (
--       SELECT 1 FROM known_keys
--       WHERE array_has($key_arns, known_keys.key_arn)
--         AND known_keys.account = key_events.recipient_account_id
--         AND known_keys.region = key_events.region
--     )
--   HAVING count(*) > 0
-- caveat:
--   SELECT
--     'corrected' AS code,
--     records AS count,
--     counted(records, 'record', 'records') || ' of this key replaced by a correction, not counted' AS text
--   FROM (
--     SELECT count(DISTINCT (scope_events.event_id, scope_events.recipient_account_id, scope_events.content_hash)) AS records
--     FROM scope_events
--     WHERE is_replaced(scope_events)
--   )
--   WHERE records > 0
-- caveat:
--   SELECT code, count, text FROM scope_unknown_operations
-- caveat:
--   SELECT code, count, text FROM scope_missing_logs ORDER BY place

WITH calls AS (
  SELECT
    kind, caller, service, use_label AS label, outcome, outcome = 'success' AS is_success, session_name, event_time,
    coalesce(event_name, 'unknown') || CASE WHEN event_name = 'ReEncrypt' THEN ' (' || key_role || ')' ELSE '' END AS operation,
    resources_of(scope_uses) AS resources
  FROM scope_uses
  WHERE NOT (key_role = 'destination' AND coalesce(array_has($key_arns, other_key_arn), false))
    AND NOT is_dry_run AND outcome <> 'dry_run'
),

keys_asked AS (
  SELECT key_arn FROM known_keys WHERE array_has($key_arns, key_arn)
  UNION
  SELECT key_arn FROM alias_history WHERE array_has($key_arns, key_arn)
),

key_states AS (
  SELECT
    keys_asked.key_arn, keys.aliases, keys.last_use, split_part(keys_asked.key_arn, ':', 5) AS account,
    split_part(keys_asked.key_arn, ':', 4) AS region,
    CASE keys.state
      WHEN 'Deleted' THEN 'deleted'
      WHEN 'PendingDeletion' THEN 'pending deletion' || coalesce(' on ' || iso_time(deletion_date), '')
      WHEN 'PendingReplicaDeletion' THEN 'pending deletion when its replicas are deleted'
      WHEN 'PendingImport' THEN 'without key material'
      ELSE coalesce(lower(keys.state), 'state not known')
    END
      || coalesce(
        ' (' || CASE state_source WHEN 'use' THEN 'by a use at ' WHEN 'refusal' THEN 'by a refused call at ' ELSE 'since ' END
          || iso_time(state_time) || ')',
        ''
      ) AS state
  FROM keys_asked
  LEFT JOIN keys ON keys.key_arn = keys_asked.key_arn
),

totals AS (
  SELECT
    count(*) FILTER (WHERE kind = 'use' AND is_success) AS uses,
    count(DISTINCT CASE WHEN kind = 'use' AND is_success THEN caller END) AS users,
    max(event_time) FILTER (WHERE kind = 'use' AND is_success) AS last_use,
    count(*) FILTER (WHERE kind = 'use' AND NOT is_success) AS failures,
    count(DISTINCT CASE WHEN kind = 'use' AND NOT is_success THEN caller END) AS failed_callers,
    count(*) FILTER (WHERE kind = 'management') AS calls,
    count(DISTINCT CASE WHEN kind = 'management' THEN caller END) AS callers,
    count(*) FILTER (WHERE kind = 'unknown') AS unknown
  FROM calls
),

-- What is said above the rows: the key that was meant, and what was done with it.
summary AS (
  SELECT
    1 AS place,
    key_states.key_arn || ': account ' || key_states.account || coalesce(' (' || current_accounts.name || ')', '') || ', '
      || key_states.region || ', ' || coalesce(key_states.aliases, 'no alias seen') || ', ' || key_states.state AS text
  FROM key_states
  LEFT JOIN current_accounts ON current_accounts.account = key_states.account
  UNION ALL
  SELECT
    1 AS place,
    array_to_string($key_names, ', ') || ': typed in calls only, and no log shows that there is such a key' AS text
  WHERE cardinality($key_names) > 0
  UNION ALL
  SELECT
    2 AS place,
    concat_ws(
      '; ',
      CASE
        WHEN uses > 0 THEN
          uses || CASE uses WHEN 1 THEN ' successful use by ' ELSE ' successful uses by ' END
            || users || CASE users WHEN 1 THEN ' caller' ELSE ' callers' END
            || ', last at ' || iso_time(last_use)
        ELSE
          'no successful use'
            || coalesce(
              ' in these rows, but the logs show one, last at '
                || (SELECT iso_time(max(key_states.last_use)) FROM key_states),
              ''
            )
      END,
      CASE
        WHEN failures > 0 THEN
          failures || CASE failures WHEN 1 THEN ' failed attempt by ' ELSE ' failed attempts by ' END
            || failed_callers || CASE failed_callers WHEN 1 THEN ' caller' ELSE ' callers' END
      END,
      nullif(unknown, 0) || ' calls of operations that are not known, which may be uses',
      CASE
        WHEN calls > 0 THEN
          calls || CASE calls WHEN 1 THEN ' management call by ' ELSE ' management calls by ' END
            || callers || CASE callers WHEN 1 THEN ' caller' ELSE ' callers' END
      END
    ) AS text
  FROM totals
),

-- One row for each resource of an event; place 1 is the event itself.
mentions AS (
  SELECT
    kind, caller, service, label, outcome, is_success, session_name, event_time, operation,
    unnest(resources) AS resource,
    unnest(range(1, CAST(cardinality(resources) AS BIGINT) + 1)) AS place
  FROM calls
)

SELECT
  kind,
  caller,
  max(current_accounts.name) AS account_name,
  service,
  label,
  counts(operation, 1) FILTER (WHERE place = 1 AND is_success) AS operations,
  count(*) FILTER (WHERE place = 1 AND is_success AND kind = 'use') AS successes,
  count(*) FILTER (WHERE place = 1 AND is_success AND kind <> 'use') AS other_calls,
  count(DISTINCT session_name) FILTER (WHERE is_success) AS sessions,
  top_values(session_name, 1, 3) FILTER (WHERE place = 1 AND is_success) AS session_sample,
  count(DISTINCT resource) FILTER (WHERE is_success) AS resources,
  top_values(resource, 1, 3) FILTER (WHERE is_success) AS resource_sample,
  min(event_time) FILTER (WHERE is_success) AS first_time,
  max(event_time) FILTER (WHERE is_success) AS last_time,
  count(*) FILTER (WHERE place = 1 AND NOT is_success) AS failures,
  counts(outcome, 1) FILTER (WHERE place = 1 AND NOT is_success) AS failure_reasons,
  counts(operation, 1) FILTER (WHERE place = 1 AND NOT is_success) AS failed_operations,
  max(event_time) FILTER (WHERE NOT is_success) AS last_failure
FROM mentions
LEFT JOIN current_accounts ON current_accounts.account = caller_account(caller)
GROUP BY kind, caller, service, label
ORDER BY CASE kind WHEN 'use' THEN 1 ELSE 2 END, kind DESC, label NULLS FIRST, successes DESC, other_calls DESC, failures DESC, caller, service NULLS FIRST
