-- id: who-used
-- title: Who used the key
-- description: Callers of a key, with what they did, for which service, on which resources, and when.
--   kind use is a cryptographic operation, management any other (DescribeKey, CreateGrant, …), unknown one that this
--   version of keytrail does not know, which may be a use.
--   An event counts if it names the key by ARN, as its key or as the destination of a ReEncrypt, or if
--   what was typed (id, alias) meant the key in the caller's account and region at the time of the event.
--   An operation counts once: of the records that two accounts hold of a cross-account call, the one
--   in the log of the key's account counts (else the caller's), with the caller's name from the
--   caller's record; a corrected record gives way to its correction. An operation on two of the keys
--   asked for counts as its source. operations, sessions, resources, first_time and last_time are those of
--   successes; failures stand apart, with what they tried (failed_operations), why they failed and when the
--   last was, and a caller who only failed has no first_time. Dry runs are neither and are left out.
--   Account and region narrow which key is meant, not who used it; account_name is the caller's account by
--   its imported name. label is cloudtrail_delivery for
--   CloudTrail writing its own logs and self for keytrail's own calls. Of many sessions and
--   resources the most frequent three are shown. An S3 Bucket Key shows the bucket: counts are
--   calls to KMS, never reads of objects.
-- param key: key, required. The key's id, ARN, alias or alias ARN, or the id of a multi-Region set.
-- caveat:
--   SELECT unnest(make_array(
--     CASE WHEN dry_runs > 0 THEN 'dry runs of this key, which are not counted: ' || dry_runs END,
--     CASE WHEN unproven > 0
--       THEN 'records taken for this key by an alias, at a time for which no log shows where it pointed: ' || unproven END
--   ))
--   FROM (
--     SELECT
--       count(*) FILTER (WHERE is_dry_run OR outcome = 'dry_run') AS dry_runs,
--       count(*) FILTER (WHERE resolution = 'alias_unproven') AS unproven
--     FROM scope_uses
--     WHERE is_dry_run OR outcome = 'dry_run' OR resolution = 'alias_unproven'
--   )
-- caveat:
--   SELECT 'cryptographic operations in the account and region of this key that do not tell their key: '
--     || count(*) || ', of them successful: ' || count(*) FILTER (WHERE outcome = 'success')
--   FROM key_events
--   WHERE key_arn IS NULL AND NOT is_dry_run AND outcome <> 'dry_run'
--     AND crypto_direction(event_name) IS NOT NULL
--     AND NOT coalesce(array_has($key_names, key_as_typed), false)
--     AND ($since IS NULL OR (event_time >= $since AND event_date >= CAST($since AS DATE)))
--     AND ($until IS NULL OR (event_time < $until AND event_date <= CAST($until AS DATE)))
--     AND EXISTS (
--       SELECT 1 FROM known_keys
--       WHERE array_has($key_arns, known_keys.key_arn)
--         AND known_keys.account = key_events.recipient_account_id
--         AND known_keys.region = key_events.region
--     )
--   HAVING count(*) > 0
-- caveat:
--   SELECT 'records of this key that are not counted, because a later record corrects them: '
--     || count(DISTINCT (scope_events.event_id, scope_events.recipient_account_id, scope_events.content_hash))
--   FROM scope_events
--   JOIN replacements
--     ON replacements.event_id = scope_events.event_id
--     AND replacements.event_name = scope_events.event_name
--     AND replacements.event_time = scope_events.event_time
--     AND (replacements.recipient_account_id IS NOT DISTINCT FROM scope_events.recipient_account_id)
--   WHERE coalesce(replacements.region = scope_events.region, true)
--     AND coalesce(replacements.content_hash = scope_events.content_hash, true)
--   HAVING count(*) > 0
-- caveat:
--   SELECT text FROM scope_unknown_operations
-- caveat:
--   SELECT text FROM scope_missing_logs ORDER BY place

WITH hits AS (
  SELECT
    kind, caller, service, use_label AS label, outcome, outcome = 'success' AS is_success, session_name, event_time,
    coalesce(event_name, 'unknown') || CASE WHEN event_name = 'ReEncrypt' THEN ' (' || key_role || ')' ELSE '' END AS operation,
    CASE WHEN cardinality(resource_list) > 0 THEN resource_list ELSE make_array(resource) END AS resources
  FROM scope_uses
  WHERE NOT (key_role = 'destination' AND coalesce(array_has($key_arns, other_key_arn), false))
    AND NOT is_dry_run AND outcome <> 'dry_run'
),

-- One row for each resource of an event; place 1 is the event itself.
mentions AS (
  SELECT
    kind, caller, service, label, outcome, is_success, session_name, event_time, operation,
    unnest(resources) AS resource,
    unnest(range(1, CAST(cardinality(resources) AS BIGINT) + 1)) AS place
  FROM hits
),

-- What a caller did, with which outcome, in which session, on what: one shape, so that each can be ranked.
facts AS (
  SELECT
    kind, caller, service, label, is_success, dimension,
    CASE dimension
      WHEN 'operation' THEN operation
      WHEN 'outcome' THEN outcome
      WHEN 'session' THEN session_name
      ELSE resource
    END AS value,
    count(*) FILTER (WHERE place = 1 OR dimension = 'resource') AS events,
    min(event_time) AS first_time,
    max(event_time) AS last_time
  FROM mentions
  CROSS JOIN (VALUES ('operation'), ('outcome'), ('session'), ('resource')) AS dimensions (dimension)
  GROUP BY 1, 2, 3, 4, 5, 6, 7
),

ranked AS (
  SELECT
    *,
    row_number() OVER (
      PARTITION BY kind, caller, service, label, is_success, dimension ORDER BY value IS NULL, events DESC, value
    ) AS place
  FROM facts
)

SELECT
  kind,
  caller,
  max(current_accounts.name) AS account_name,
  service,
  label,
  string_agg(value || ' ' || events, ', ' ORDER BY place)
    FILTER (WHERE dimension = 'operation' AND is_success) AS operations,
  coalesce(sum(events) FILTER (WHERE dimension = 'outcome' AND is_success), 0) AS successes,
  count(value) FILTER (WHERE dimension = 'session' AND is_success) AS sessions,
  string_agg(value, ', ' ORDER BY place)
    FILTER (WHERE dimension = 'session' AND is_success AND place <= 3) AS session_sample,
  count(value) FILTER (WHERE dimension = 'resource' AND is_success) AS resources,
  string_agg(value, ', ' ORDER BY place)
    FILTER (WHERE dimension = 'resource' AND is_success AND place <= 3) AS resource_sample,
  min(first_time) FILTER (WHERE is_success) AS first_time,
  max(last_time) FILTER (WHERE is_success) AS last_time,
  coalesce(sum(events) FILTER (WHERE dimension = 'outcome' AND NOT is_success), 0) AS failures,
  string_agg(value || ' ' || events, ', ' ORDER BY place)
    FILTER (WHERE dimension = 'outcome' AND NOT is_success) AS failure_reasons,
  string_agg(value || ' ' || events, ', ' ORDER BY place)
    FILTER (WHERE dimension = 'operation' AND NOT is_success) AS failed_operations,
  max(last_time) FILTER (WHERE NOT is_success) AS last_failure
FROM ranked
LEFT JOIN current_accounts
  ON current_accounts.account = split_part(caller, ':', CASE WHEN caller LIKE 'arn:%' THEN 5 ELSE 2 END)
GROUP BY kind, caller, service, label
ORDER BY kind DESC, label NULLS FIRST, successes DESC, failures DESC, caller, service NULLS FIRST
