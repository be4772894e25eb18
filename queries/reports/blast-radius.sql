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
-- footnote: an S3 Bucket Key names the bucket and stands for any number of its objects: counts are calls to KMS, never reads of objects; a data key, once given out, decrypts without a call
-- caveat:
--   SELECT 'nothing to follow: give a principal (--param principal=…), a key (--key …), or both'
--   WHERE $principal IS NULL AND cardinality($key_arns) = 0 AND cardinality($key_names) = 0
-- caveat:
--   SELECT 'open grants to this principal, which reach keys whether or not a call is in the logs: ' || count(*) || ' on '
--     || CASE count(DISTINCT key_arn) WHEN 1 THEN '1 key' ELSE count(DISTINCT key_arn) || ' keys' END || ' (keytrail report grants)'
--   FROM grants
--   WHERE (grantee = $principal OR split_part(grantee, '/', -1) = $principal)
--     AND ended_time IS NULL AND key_deleted_time IS NULL AND ($until IS NULL OR coalesce(created_time < $until, true))
--   HAVING count(*) > 0
-- caveat:
--   WITH found AS (
--     SELECT
--       content_hash, event_time, resolution, kind, outcome, key_arn, key_as_typed,
--       CASE WHEN cardinality(resource_list) > 0 THEN resource_list ELSE make_array(resource) END AS resources,
--       ($since IS NULL OR event_time >= $since) AND ($until IS NULL OR event_time < $until) AS is_inside
--     FROM scope_uses_ever
--     WHERE ($principal IS NULL OR (
--         caller = $principal OR split_part(caller, '/', -1) = $principal OR user_arn = $principal
--         OR user_name = $principal OR session_name = $principal OR access_key_id = $principal
--         OR credential_id = $principal OR principal_id = $principal OR split_part(principal_id, ':', 1) = $principal
--         OR source_identity = $principal OR on_behalf_of = $principal OR source_ip = $principal
--         OR vpc_endpoint_id = $principal OR network(source_ip) = $principal
--       ))
--       AND (
--         (cardinality($key_arns) = 0 AND cardinality($key_names) = 0)
--         OR coalesce(array_has($key_arns, key_arn), false)
--         OR coalesce(array_has($key_names, coalesce(key_arn, key_as_typed)), false)
--       )
--       AND ($principal IS NOT NULL OR cardinality($key_arns) > 0 OR cardinality($key_names) > 0)
--   ),
--   counted AS (
--     SELECT
--       count(*) AS records,
--       count(DISTINCT content_hash) FILTER (WHERE NOT is_inside) AS outside,
--       to_char(min(event_time) FILTER (WHERE NOT is_inside), '%Y-%m-%dT%H:%M:%SZ') AS first_time,
--       to_char(max(event_time) FILTER (WHERE NOT is_inside), '%Y-%m-%dT%H:%M:%SZ') AS last_time,
--       count(*) FILTER (WHERE is_inside AND resolution = 'alias_unproven') AS unproven,
--       count(*) FILTER (WHERE is_inside AND kind = 'use' AND key_arn IS NULL AND key_as_typed IS NULL) AS keyless,
--       count(*) FILTER (
--         WHERE is_inside AND kind = 'use' AND outcome = 'success'
--           AND coalesce(array_any_value(resources) IS NULL, true)
--       ) AS nameless
--     FROM found
--   )
--   SELECT unnest(make_array(
--     CASE WHEN records = 0 AND $principal IS NOT NULL
--       THEN 'no event in the store, of any time, is from this principal within the filters' END,
--     CASE WHEN outside > 0 THEN 'its calls outside of the window: ' || outside || ', from ' || first_time || ' to ' || last_time END,
--     CASE WHEN unproven > 0
--       THEN 'operations taken for a key by an alias, at a time for which no log shows where it pointed: ' || unproven END,
--     CASE WHEN keyless > 0 THEN 'cryptographic operations that do not tell their key: ' || keyless END,
--     CASE WHEN nameless > 0 THEN 'successful cryptographic operations that name no resource: ' || nameless
--       || ', and what they protect is not in here' END
--   ))
--   FROM counted
-- caveat:
--   SELECT text FROM scope_missing_logs ORDER BY place

WITH hits AS (
  SELECT
    event_time, content_hash, kind, grant_id, caller,
    CASE
      WHEN is_dry_run OR outcome = 'dry_run' THEN 'dry_run'
      WHEN outcome = 'success' THEN 'success'
      ELSE 'failure'
    END AS verdict,
    outcome,
    coalesce(event_name, 'unknown') AS operation,
    coalesce(key_arn, key_as_typed, '(none told)') AS key,
    -- Where a key is asked for, only its own side of a call is a hit.
    CASE WHEN cardinality($key_arns) > 0 OR cardinality($key_names) > 0 THEN other_key_arn END AS other_key,
    -- Each key of a ReEncrypt has the resources of its own side, where its context names any.
    CASE
      WHEN key_role IN ('source', 'destination') AND cardinality(context_resources(encryption_context)) > 0
        THEN context_resources(encryption_context)
      WHEN cardinality(resource_list) > 0 THEN resource_list
      ELSE make_array(resource)
    END AS resources
  FROM scope_uses_ever
  WHERE ($since IS NULL OR (event_time >= $since AND event_date >= CAST($since AS DATE)))
    AND ($until IS NULL OR (event_time < $until AND event_date <= CAST($until AS DATE)))
    AND ($principal IS NULL OR (
      caller = $principal OR split_part(caller, '/', -1) = $principal OR user_arn = $principal
      OR user_name = $principal OR session_name = $principal OR access_key_id = $principal
      OR credential_id = $principal OR principal_id = $principal OR split_part(principal_id, ':', 1) = $principal
      OR source_identity = $principal OR on_behalf_of = $principal OR source_ip = $principal
      OR vpc_endpoint_id = $principal OR network(source_ip) = $principal
    ))
    AND (
      (cardinality($key_arns) = 0 AND cardinality($key_names) = 0)
      OR coalesce(array_has($key_arns, key_arn), false)
      OR coalesce(array_has($key_names, coalesce(key_arn, key_as_typed)), false)
    )
    AND ($principal IS NOT NULL OR cardinality($key_arns) > 0 OR cardinality($key_names) > 0)
),

mentions AS (
  SELECT
    unnest(array_concat(
      make_array('principal', 'key', 'other key', 'grant'), array_repeat('resource', cardinality(resources))
    )) AS what,
    unnest(array_concat(make_array(caller, key, other_key, grant_id), resources)) AS name,
    key, kind, verdict, outcome, operation, event_time, content_hash
  FROM hits
),

-- A call counts once for a name and, where that is a resource or a grant, its key.
counted AS (
  SELECT
    what, name,
    CASE WHEN what IN ('resource', 'grant') THEN key END AS key,
    kind, verdict, outcome, operation,
    count(DISTINCT content_hash) AS calls,
    min(event_time) AS first_time,
    max(event_time) AS last_time
  FROM mentions
  WHERE name IS NOT NULL
  GROUP BY 1, 2, 3, 4, 5, 6, 7
),

facts AS (
  SELECT
    what, name, key, verdict, dimension,
    CASE dimension WHEN 'operation' THEN operation ELSE outcome END AS value,
    sum(calls) AS calls,
    min(first_time) AS first_time,
    max(last_time) AS last_time,
    bool_or(verdict = 'success' AND kind = 'use') AS is_used,
    bool_or(verdict = 'success' AND kind = 'unknown') AS is_unknown,
    bool_or(verdict = 'success' AND coalesce(operation_has(operation, 'opens'), true)) AS is_open
  FROM counted
  CROSS JOIN (VALUES ('operation'), ('outcome')) AS dimensions (dimension)
  GROUP BY 1, 2, 3, 4, 5, 6
),

ranked AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY what, name, key, verdict, dimension ORDER BY calls DESC, value) AS place
  FROM facts
),

called AS (
  SELECT
    what, name, key,
    CASE
      WHEN what = 'other key' THEN 'other key'
      WHEN bool_or(is_used) THEN 'used'
      WHEN bool_or(is_unknown) THEN 'unknown'
      WHEN bool_or(verdict = 'success') THEN 'managed'
      WHEN bool_or(verdict = 'failure') THEN 'refused'
      ELSE 'dry run'
    END AS reach,
    -- From a key, the key itself is taken to be in the wrong hands.
    what = 'key' AND (bool_or(is_open) OR $principal IS NULL) AS is_open,
    string_agg(value || ' ' || calls, ', ' ORDER BY place)
      FILTER (WHERE dimension = 'operation' AND verdict = 'success') AS operations,
    coalesce(sum(calls) FILTER (WHERE dimension = 'outcome' AND verdict = 'success'), 0) AS successes,
    min(first_time) FILTER (WHERE verdict = 'success') AS first_time,
    max(last_time) FILTER (WHERE verdict = 'success') AS last_time,
    coalesce(sum(calls) FILTER (WHERE dimension = 'outcome' AND verdict = 'failure'), 0) AS failures,
    string_agg(value || ' ' || calls, ', ' ORDER BY place)
      FILTER (WHERE dimension = 'outcome' AND verdict = 'failure') AS failure_reasons,
    string_agg(value || ' ' || calls, ', ' ORDER BY place)
      FILTER (WHERE dimension = 'operation' AND verdict = 'failure') AS failed_operations,
    max(last_time) FILTER (WHERE verdict = 'failure') AS last_failure,
    coalesce(sum(calls) FILTER (WHERE dimension = 'outcome' AND verdict = 'dry_run'), 0) AS dry_runs
  FROM ranked
  GROUP BY what, name, key
),

-- A key that is asked for is looked at even where nobody called it in the window.
reached AS (
  SELECT *
  FROM called
  UNION ALL
  SELECT
    'key' AS what, key_arn AS name, NULL AS key, 'asked for' AS reach, true AS is_open,
    NULL AS operations, 0 AS successes, NULL AS first_time, NULL AS last_time,
    0 AS failures, NULL AS failure_reasons, NULL AS failed_operations, NULL AS last_failure, 0 AS dry_runs
  FROM known_keys
  WHERE $principal IS NULL AND array_has($key_arns, key_arn)
),

protected AS (
  SELECT
    coalesce(key_arn, key) AS key, resource,
    sum(count) AS records, min(first_time) AS first_time, max(last_time) AS last_time
  FROM resources_by_key
  GROUP BY 1, 2
),

-- What the callers of a key used, too.
elsewhere AS (
  SELECT
    callers.caller, coalesce(key_uses.key_arn, key_uses.key_as_typed) AS key,
    -- Only a call on two keys can be here twice.
    count(*) FILTER (WHERE key_uses.key_role NOT IN ('source', 'destination'))
      + count(DISTINCT CASE WHEN key_uses.key_role IN ('source', 'destination') THEN key_uses.content_hash END) AS calls,
    min(key_uses.event_time) AS first_time, max(key_uses.event_time) AS last_time
  FROM (SELECT DISTINCT caller FROM hits) AS callers
  JOIN key_uses ON key_uses.caller = callers.caller
  WHERE $principal IS NULL AND key_uses.kind = 'use' AND key_uses.outcome = 'success' AND NOT key_uses.is_dry_run
    AND ($since IS NULL OR (key_uses.event_time >= $since AND key_uses.event_date >= CAST($since AS DATE)))
    AND ($until IS NULL OR (key_uses.event_time < $until AND key_uses.event_date <= CAST($until AS DATE)))
  GROUP BY callers.caller, coalesce(key_uses.key_arn, key_uses.key_as_typed)
),

-- What follows from what was reached.
links AS (
  SELECT
    'key' AS from_what, protected.key AS from_name, 'within reach' AS reach,
    'resource' AS what, resource AS name, protected.key AS under_key, records, first_time, last_time
  FROM protected
  UNION ALL
  SELECT
    'key' AS from_what, ours.key_arn AS from_name, 'same material' AS reach,
    'key' AS what, others.key_arn AS name, NULL AS under_key, NULL AS records, others.first_time, others.last_time
  FROM known_keys AS ours
  JOIN known_keys AS others ON others.key_set = ours.key_set AND others.key_arn <> ours.key_arn
  UNION ALL
  SELECT
    'resource' AS from_what, resource AS from_name, 'same resource' AS reach,
    'key' AS what, protected.key AS name, NULL AS under_key, records, first_time, last_time
  FROM protected
  UNION ALL
  SELECT
    'principal' AS from_what, caller AS from_name, 'same principal' AS reach,
    'key' AS what, elsewhere.key AS name, NULL AS under_key, calls AS records, first_time, last_time
  FROM elsewhere
  WHERE elsewhere.key IS NOT NULL
),

-- Each row as it stands, and once more for each that follows from it.
spread AS (
  SELECT
    links.name IS NOT NULL AS is_followed,
    CASE WHEN reached.what = 'other key' THEN 'key' ELSE coalesce(links.what, reached.what) END AS what,
    coalesce(links.name, reached.name) AS name,
    CASE WHEN links.name IS NULL THEN reached.key ELSE links.under_key END AS key,
    coalesce(links.reach, reached.reach) AS reach,
    CASE WHEN links.name IS NOT NULL THEN reached.name END AS via,
    CASE WHEN links.name IS NULL THEN reached.operations END AS operations,
    CASE WHEN links.name IS NULL THEN reached.successes ELSE links.records END AS successes,
    CASE WHEN links.name IS NULL THEN reached.first_time ELSE links.first_time END AS first_time,
    CASE WHEN links.name IS NULL THEN reached.last_time ELSE links.last_time END AS last_time,
    CASE WHEN links.name IS NULL THEN reached.failures END AS failures,
    CASE WHEN links.name IS NULL THEN reached.failure_reasons END AS failure_reasons,
    CASE WHEN links.name IS NULL THEN reached.failed_operations END AS failed_operations,
    CASE WHEN links.name IS NULL THEN reached.last_failure END AS last_failure,
    CASE WHEN links.name IS NULL THEN reached.dry_runs END AS dry_runs
  FROM reached
  CROSS JOIN (VALUES (false), (true)) AS legs (is_followed)
  LEFT JOIN links
    ON links.from_what = CASE WHEN legs.is_followed THEN reached.what END
    AND links.from_name = CASE
      WHEN reached.what = 'resource' AND reached.name LIKE 'arn:%:s3:::%' THEN split_part(reached.name, '/', 1)
      ELSE reached.name
    END
    AND CASE reached.what WHEN 'key' THEN reached.is_open ELSE reached.reach IN ('used', 'unknown', 'managed') END
  WHERE NOT legs.is_followed OR links.name IS NOT NULL
),

-- What was reached by a call of its own needs no other reason.
judged AS (
  SELECT
    *,
    bool_or(NOT is_followed) OVER (PARTITION BY what, name, key) AS is_reached,
    bool_or(NOT is_followed AND reach NOT IN ('asked for', 'other key')) OVER (PARTITION BY what, name, key) AS is_called
  FROM spread
),

places AS (
  SELECT column1 AS place, column2 AS what, column3 AS reach
  FROM (
    VALUES
      (1, 'principal', 'used'), (2, 'principal', 'unknown'), (3, 'principal', 'managed'), (4, 'principal', 'refused'),
      (5, 'principal', 'dry run'),
      (6, 'key', 'used'), (7, 'key', 'unknown'), (8, 'key', 'managed'), (9, 'key', 'refused'), (10, 'key', 'dry run'),
      (11, 'key', 'asked for'), (12, 'key', 'other key'), (13, 'key', 'same material'), (14, 'key', 'same resource'),
      (15, 'key', 'same principal'),
      (16, 'resource', 'used'), (17, 'resource', 'unknown'), (18, 'resource', 'managed'), (19, 'resource', 'refused'),
      (20, 'resource', 'dry run'), (21, 'resource', 'within reach'),
      (22, 'grant', 'used'), (23, 'grant', 'unknown'), (24, 'grant', 'managed'), (25, 'grant', 'refused'), (26, 'grant', 'dry run')
  )
)

SELECT
  judged.what,
  judged.name,
  judged.key,
  judged.reach,
  -- What it follows from: one of them, and how many there are besides.
  min(via) || CASE WHEN count(DISTINCT via) > 1 THEN ' and ' || (count(DISTINCT via) - 1) || ' more' ELSE '' END AS via,
  min(operations) AS operations,
  CASE WHEN judged.reach IN ('within reach', 'same resource', 'same material') THEN max(successes) ELSE sum(successes) END AS successes,
  min(first_time) AS first_time,
  max(last_time) AS last_time,
  sum(failures) AS failures,
  min(failure_reasons) AS failure_reasons,
  min(failed_operations) AS failed_operations,
  max(last_failure) AS last_failure,
  sum(dry_runs) AS dry_runs
FROM judged
JOIN places ON places.what = judged.what AND places.reach = judged.reach
WHERE CASE WHEN is_followed THEN NOT is_reached ELSE judged.reach NOT IN ('asked for', 'other key') OR NOT is_called END
GROUP BY judged.what, judged.name, judged.key, judged.reach, places.place
ORDER BY places.place, first_time, judged.name, judged.key
