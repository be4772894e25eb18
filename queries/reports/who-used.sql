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
--   FROM key_uses
--   WHERE key_arn IS NULL AND key_role <> 'destination' AND NOT is_dry_run AND outcome <> 'dry_run' AND kind = 'use'
--     AND NOT coalesce(array_has($key_names, key_as_typed), false)
--     AND is_in_window(event_time) AND is_day_in_window(event_date)
--     AND EXISTS (
--       SELECT 1 FROM known_keys
--       WHERE array_has($key_arns, known_keys.key_arn)
--         AND known_keys.account = key_uses.recipient_account_id
--         AND known_keys.region = key_uses.region
--     )
--   HAVING count(*) > 0
-- caveat:
--   SELECT
--     'corrected' AS code,
--     count(*) AS count,
--     counted(count(*), 'record', 'records') || ' of this key replaced by a correction, not counted' AS text
--   FROM scope_replaced
--   HAVING count(*) > 0
-- caveat:
--   SELECT code, count, text FROM scope_unknown_operations
-- caveat:
--   SELECT code, count, text FROM scope_missing_logs ORDER BY place

-- One row for each resource of an operation; place 1 is the operation itself.
WITH mentions AS (
  SELECT
    kind, caller, service, use_label AS label, outcome, outcome = 'success' AS is_success, session_name, event_time,
    operation_on_key(scope_uses) AS operation,
    unnest(resources_of(scope_uses)) AS resource,
    unnest(range(1, CAST(cardinality(resources_of(scope_uses)) AS BIGINT) + 1)) AS place
  FROM scope_uses
  WHERE NOT counts_for_source(scope_uses) AND NOT is_dry_run AND outcome <> 'dry_run'
),

totals AS (
  SELECT
    CASE WHEN kind = 'use' AND NOT is_success THEN 'attempt' ELSE kind END AS part,
    count(*) AS calls,
    ' by ' || counted(count(DISTINCT caller), 'caller', 'callers') AS by_callers,
    max(event_time) AS last_time
  FROM mentions
  WHERE place = 1
  GROUP BY 1
),

-- The lines above the rows: the keys, and what was done with them.
summary AS (
  SELECT
    1 AS place,
    asked.key_arn || ': account ' || split_part(asked.key_arn, ':', 5) || coalesce(' (' || current_accounts.name || ')', '')
      || ', ' || split_part(asked.key_arn, ':', 4) || ', ' || coalesce(keys.aliases, 'no alias seen') || ', '
      || CASE keys.state
        WHEN 'PendingDeletion' THEN 'pending deletion' || coalesce(' on ' || iso_time(keys.deletion_date), '')
        WHEN 'PendingReplicaDeletion' THEN 'pending deletion when its replicas are deleted'
        WHEN 'PendingImport' THEN 'without key material'
        ELSE coalesce(lower(keys.state), 'state not known')
      END
      || coalesce(
        CASE keys.state_source WHEN 'use' THEN ' (by a use at ' WHEN 'refusal' THEN ' (by a refused call at ' ELSE ' (since ' END
          || iso_time(keys.state_time) || ')',
        ''
      ) AS text
  FROM (SELECT unnest(CAST($key_arns AS VARCHAR[])) AS key_arn) AS asked
  LEFT JOIN keys ON keys.key_arn = asked.key_arn
  LEFT JOIN current_accounts ON current_accounts.account = split_part(asked.key_arn, ':', 5)
  UNION ALL
  SELECT 1, array_to_string($key_names, ', ') || ': typed in calls only, and no log shows that there is such a key'
  WHERE cardinality($key_names) > 0
  UNION ALL
  SELECT
    2,
    concat_ws(
      '; ',
      coalesce(
        max(counted(calls, 'successful use', 'successful uses') || by_callers || ', last at ' || iso_time(last_time))
          FILTER (WHERE part = 'use'),
        'no successful use in these rows, but the logs show one, last at '
          || (SELECT iso_time(max(last_use)) FROM keys WHERE array_has($key_arns, key_arn)),
        'no successful use'
      ),
      max(counted(calls, 'failed attempt', 'failed attempts') || by_callers) FILTER (WHERE part = 'attempt'),
      max(calls || ' calls of operations that are not known, which may be uses') FILTER (WHERE part = 'unknown'),
      max(counted(calls, 'management call', 'management calls') || by_callers) FILTER (WHERE part = 'management')
    )
  FROM totals
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
ORDER BY kind DESC, label NULLS FIRST, successes DESC, other_calls DESC, failures DESC, caller, service NULLS FIRST
