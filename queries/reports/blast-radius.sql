-- id: blast-radius
-- title: Blast radius of a principal or key
-- description: Keys, resources and grants that a principal (by any of its names, as in principal-activity), a key, or a
--   principal with one key could reach, by calls between --since and --until. Nothing is cut off. Both keys of a
--   ReEncrypt are listed, each with the resources of its side; calls in the window count once each, as in key_uses.
--   Where reach is `within reach` or `same resource`, successes and times cover all records in the store, of any caller
--   and time; for `same material`, the times do.
-- param principal: principal. ARN, name, session, access key id, principal id, IP address or network, Identity Center user.
-- param key: key. The key's id, ARN, alias or alias ARN, or the id of a multi-Region set.
-- column what: `principal`, `key`, `resource` or `grant`
-- column name: the principal, key, resource or grant: keys by ARN, else as typed, or `(none told)`; S3 objects as the
--   encryption context names them, and by bucket if `reach` is `within reach`
-- column key: for resources and grants, the key that they belong to
-- column reach: how the row was reached: `used` (a cryptographic call succeeded), `unknown` (only calls of operations
--   that this version of keytrail does not know succeeded, treated as if they opened the key), `managed` (only
--   management calls succeeded), `refused` (every call failed), `dry run` (only dry runs), `asked for` (the key given,
--   without a call in the window), `other key` (the other key of a ReEncrypt or ReplicateKey), `within reach`
--   (resources protected by a key that it decrypted with, or whose policy or grants it changed), `same material` (other
--   members of the multi-Region set of such a key, which decrypt the same data), `same resource` (other keys that
--   protect a resource it reached) or `same principal` (other keys that the callers of the key used)
-- column via: the key, resource or principal that the row follows from, and how many more; null for direct calls
-- column operations: successful operations with their counts, most frequent first
-- column successes: number of successful calls
-- column first_time: first successful call
-- column last_time: last successful call
-- column failures: number of failed calls
-- column failure_reasons: outcomes of the failed calls with their counts
-- column failed_operations: operations of the failed calls with their counts
-- column last_failure: last failed call
-- column dry_runs: number of dry runs, which count neither as success nor as failure
-- footnote bucket-key: an S3 Bucket Key covers any number of objects: counts are calls to KMS, never reads; a data key
--   decrypts without a call
-- caveat:
--   SELECT
--     'nothing-asked' AS code,
--     NULL AS count,
--     'nothing to follow: give --param principal=…, --key …, or both' AS text
--   WHERE $principal IS NULL AND cardinality($key_arns) = 0 AND cardinality($key_names) = 0
-- caveat:
--   SELECT
--     'open-grants' AS code,
--     count(*) AS count,
--     counted(count(*), 'open grant', 'open grants') || ' on ' || counted(count(DISTINCT key_arn), 'key', 'keys')
--       || ' for this principal; see keytrail report grants' AS text
--   FROM grants
--   WHERE goes_by(grantee, $principal)
--     AND ended_time IS NULL AND key_deleted_time IS NULL AND ($until IS NULL OR coalesce(created_time < $until, true))
--   HAVING count(*) > 0
-- caveat:
--   WITH found AS (
--     SELECT
--       content_hash, event_time, resolution, kind, outcome, key_arn, key_as_typed,
--       resources_of(scope_uses_ever) AS resources,
--       is_in_window(event_time) AS is_inside
--     FROM scope_uses_ever
--     WHERE ($principal IS NULL OR is_principal(scope_uses_ever, $principal)) AND ($principal IS NOT NULL OR is_key_asked())
--   ),
--   totals AS (
--     SELECT
--       CASE WHEN count(*) = 0 AND $principal IS NOT NULL THEN 0 END AS nothing,
--       nullif(count(DISTINCT content_hash) FILTER (WHERE NOT is_inside), 0) AS outside,
--       iso_time(min(event_time) FILTER (WHERE NOT is_inside)) AS first_time,
--       iso_time(max(event_time) FILTER (WHERE NOT is_inside)) AS last_time,
--       nullif(count(*) FILTER (WHERE is_inside AND resolution = 'alias_unproven'), 0) AS unproven,
--       nullif(
--         count(*) FILTER (WHERE is_inside AND kind = 'use' AND key_arn IS NULL AND key_as_typed IS NULL), 0
--       ) AS keyless,
--       nullif(count(*) FILTER (
--         WHERE is_inside AND kind = 'use' AND outcome = 'success'
--           AND coalesce(array_any_value(resources) IS NULL, true)
--       ), 0) AS nameless
--     FROM found
--   ),
--   notes AS (
--     SELECT unnest(make_array(
--       note('not-found', nothing, 'no event of any time is from this principal within these filters'),
--       note(
--         'outside-window', outside,
--         counted(outside, 'more call', 'more calls') || ' outside the window, from ' || first_time || ' to ' || last_time
--       ),
--       note('unproven-alias', unproven, counted(unproven, 'operation', 'operations') || ' counted by an alias; no log shows where it pointed then'),
--       note(
--         'unresolved', keyless,
--         counted(keyless, 'cryptographic operation names', 'cryptographic operations name') || ' no key'
--       ),
--       note(
--         'no-resource', nameless,
--         counted(nameless, 'use names', 'uses name') || ' no resource; what they protect is not shown'
--       )
--     )) AS note
--     FROM totals
--   )
--   SELECT note['code'] AS code, note['count'] AS count, note['text'] AS text
--   FROM notes
--   WHERE note['count'] IS NOT NULL
-- caveat:
--   SELECT code, count, text FROM scope_missing_logs ORDER BY place

WITH calls_in_window AS (
  SELECT
    event_time, content_hash, kind, grant_id, caller,
    result_of(scope_uses_ever) AS result,
    outcome,
    coalesce(event_name, 'unknown') AS operation,
    coalesce(key_arn, key_as_typed, '(none told)') AS key,
    -- Where a key is asked for, only its own side of a call is a hit.
    CASE WHEN is_key_asked() THEN other_key_arn END AS other_key,
    side_resources(scope_uses_ever) AS resources
  FROM scope_uses_ever
  WHERE is_in_window(event_time) AND is_day_in_window(event_date)
    AND ($principal IS NULL OR is_principal(scope_uses_ever, $principal)) AND ($principal IS NOT NULL OR is_key_asked())
),

mentions AS (
  SELECT
    unnest(array_concat(
      make_array('principal', 'key', 'other key', 'grant'), array_repeat('resource', cardinality(resources))
    )) AS what,
    unnest(array_concat(make_array(caller, key, other_key, grant_id), resources)) AS name,
    key, kind, result, outcome, operation, event_time, content_hash
  FROM calls_in_window
),

-- A call counts once for a name and, where that is a resource or a grant, its key.
calls_by_name AS (
  SELECT
    what, name,
    CASE WHEN what IN ('resource', 'grant') THEN key END AS key,
    kind, result, outcome, operation,
    count(DISTINCT content_hash) AS calls,
    min(event_time) AS first_time,
    max(event_time) AS last_time
  FROM mentions
  WHERE name IS NOT NULL
  GROUP BY 1, 2, 3, 4, 5, 6, 7
),

names_called AS (
  SELECT
    what, name, key,
    CASE
      WHEN what = 'other key' THEN 'other key'
      WHEN bool_or(result = 'success' AND kind = 'use') THEN 'used'
      WHEN bool_or(result = 'success' AND kind = 'unknown') THEN 'unknown'
      WHEN bool_or(result = 'success') THEN 'managed'
      WHEN bool_or(result = 'failure') THEN 'refused'
      ELSE 'dry run'
    END AS reach,
    -- From a key, the key itself is taken to be in the wrong hands.
    what = 'key' AND (
      bool_or(result = 'success' AND coalesce(operation_has(operation, 'opens'), true)) OR $principal IS NULL
    ) AS is_open,
    counts(operation, calls) FILTER (WHERE result = 'success') AS operations,
    coalesce(sum(calls) FILTER (WHERE result = 'success'), 0) AS successes,
    min(first_time) FILTER (WHERE result = 'success') AS first_time,
    max(last_time) FILTER (WHERE result = 'success') AS last_time,
    coalesce(sum(calls) FILTER (WHERE result = 'failure'), 0) AS failures,
    counts(outcome, calls) FILTER (WHERE result = 'failure') AS failure_reasons,
    counts(operation, calls) FILTER (WHERE result = 'failure') AS failed_operations,
    max(last_time) FILTER (WHERE result = 'failure') AS last_failure,
    coalesce(sum(calls) FILTER (WHERE result = 'dry_run'), 0) AS dry_runs
  FROM calls_by_name
  GROUP BY what, name, key
),

-- A key that is asked for is looked at even where nobody called it in the window.
names_reached AS (
  SELECT *
  FROM names_called
  UNION ALL
  SELECT
    'key' AS what, key_arn AS name, NULL AS key, 'asked for' AS reach, true AS is_open,
    NULL AS operations, 0 AS successes, NULL AS first_time, NULL AS last_time,
    0 AS failures, NULL AS failure_reasons, NULL AS failed_operations, NULL AS last_failure, 0 AS dry_runs
  FROM known_keys
  WHERE $principal IS NULL AND array_has($key_arns, key_arn)
),

resources_of_keys AS (
  SELECT
    coalesce(key_arn, key) AS key, resource,
    sum(count) AS records, min(first_time) AS first_time, max(last_time) AS last_time
  FROM resources_by_key
  GROUP BY 1, 2
),

-- What the callers of a key used, too.
other_uses AS (
  SELECT
    callers.caller, coalesce(key_uses.key_arn, key_uses.key_as_typed) AS key,
    count_calls(key_uses) AS calls,
    min(key_uses.event_time) AS first_time, max(key_uses.event_time) AS last_time
  FROM (SELECT DISTINCT caller FROM calls_in_window) AS callers
  JOIN key_uses ON key_uses.caller = callers.caller
  WHERE $principal IS NULL AND key_uses.kind = 'use' AND key_uses.outcome = 'success' AND NOT key_uses.is_dry_run
    AND is_in_window(key_uses.event_time) AND is_day_in_window(key_uses.event_date)
  GROUP BY callers.caller, coalesce(key_uses.key_arn, key_uses.key_as_typed)
),

-- What follows from what was reached.
links AS (
  SELECT
    'key' AS from_what, resources_of_keys.key AS from_name, 'within reach' AS reach,
    'resource' AS what, resource AS name, resources_of_keys.key AS under_key, records, first_time, last_time
  FROM resources_of_keys
  UNION ALL
  SELECT
    'key' AS from_what, ours.key_arn AS from_name, 'same material' AS reach,
    'key' AS what, others.key_arn AS name, NULL AS under_key, NULL AS records, others.first_time, others.last_time
  FROM known_keys AS ours
  JOIN known_keys AS others ON others.key_set = ours.key_set AND others.key_arn <> ours.key_arn
  UNION ALL
  SELECT
    'resource' AS from_what, resource AS from_name, 'same resource' AS reach,
    'key' AS what, resources_of_keys.key AS name, NULL AS under_key, records, first_time, last_time
  FROM resources_of_keys
  UNION ALL
  SELECT
    'principal' AS from_what, caller AS from_name, 'same principal' AS reach,
    'key' AS what, other_uses.key AS name, NULL AS under_key, calls AS records, first_time, last_time
  FROM other_uses
  WHERE other_uses.key IS NOT NULL
),

-- Each row as it stands, and once more for each that follows from it.
rows_followed AS (
  SELECT
    links.name IS NOT NULL AS is_followed,
    CASE WHEN names_reached.what = 'other key' THEN 'key' ELSE coalesce(links.what, names_reached.what) END AS what,
    coalesce(links.name, names_reached.name) AS name,
    CASE WHEN links.name IS NULL THEN names_reached.key ELSE links.under_key END AS key,
    coalesce(links.reach, names_reached.reach) AS reach,
    CASE WHEN links.name IS NOT NULL THEN names_reached.name END AS via,
    CASE WHEN links.name IS NULL THEN names_reached.operations END AS operations,
    CASE WHEN links.name IS NULL THEN names_reached.successes ELSE links.records END AS successes,
    CASE WHEN links.name IS NULL THEN names_reached.first_time ELSE links.first_time END AS first_time,
    CASE WHEN links.name IS NULL THEN names_reached.last_time ELSE links.last_time END AS last_time,
    CASE WHEN links.name IS NULL THEN names_reached.failures END AS failures,
    CASE WHEN links.name IS NULL THEN names_reached.failure_reasons END AS failure_reasons,
    CASE WHEN links.name IS NULL THEN names_reached.failed_operations END AS failed_operations,
    CASE WHEN links.name IS NULL THEN names_reached.last_failure END AS last_failure,
    CASE WHEN links.name IS NULL THEN names_reached.dry_runs END AS dry_runs
  FROM names_reached
  CROSS JOIN (VALUES (false), (true)) AS legs (is_followed)
  LEFT JOIN links
    ON links.from_what = CASE WHEN legs.is_followed THEN names_reached.what END
    AND links.from_name = CASE names_reached.what WHEN 'resource' THEN bucket_of(names_reached.name) ELSE names_reached.name END
    AND CASE names_reached.what WHEN 'key' THEN names_reached.is_open ELSE names_reached.reach IN ('used', 'unknown', 'managed') END
  WHERE NOT legs.is_followed OR links.name IS NOT NULL
),

-- What was reached by a call of its own needs no other reason.
rows_judged AS (
  SELECT
    *,
    bool_or(NOT is_followed) OVER (PARTITION BY what, name, key) AS is_reached,
    bool_or(NOT is_followed AND reach NOT IN ('asked for', 'other key')) OVER (PARTITION BY what, name, key) AS is_called
  FROM rows_followed
)

SELECT
  what,
  name,
  key,
  reach,
  -- What it follows from: one of them, and how many there are besides.
  min(via) || CASE WHEN count(DISTINCT via) > 1 THEN ' and ' || (count(DISTINCT via) - 1) || ' more' ELSE '' END AS via,
  min(operations) AS operations,
  CASE WHEN reach IN ('within reach', 'same resource', 'same material') THEN max(successes) ELSE sum(successes) END AS successes,
  min(first_time) AS first_time,
  max(last_time) AS last_time,
  sum(failures) AS failures,
  min(failure_reasons) AS failure_reasons,
  min(failed_operations) AS failed_operations,
  max(last_failure) AS last_failure,
  sum(dry_runs) AS dry_runs
FROM rows_judged
WHERE CASE WHEN is_followed THEN NOT is_reached ELSE reach NOT IN ('asked for', 'other key') OR NOT is_called END
GROUP BY what, name, key, reach
ORDER BY reach_place(what, reach), first_time, name, key
