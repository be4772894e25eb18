-- id: first-seen
-- title: Callers, keys, resources and networks seen for the first time
-- description: Callers, keys, resources and networks in the window with no successful operation before it in the logs;
--   one row each. One that had only failed calls or dry runs before is listed if a call succeeds in the window. A
--   network is the /24 around an IPv4 address, the /48 around an IPv6 address, or the VPC endpoint. Every operation
--   counts once, management calls too: a cross-account call under the caller's name, a corrected record by its
--   correction. S3 objects are grouped by bucket.
-- param days: days = 7. How many days before the end of the window are looked through for what is new.
-- column kind: `caller`, `key`, `resource` or `network`
-- column name: the caller, key (by ARN, else as typed), resource or network
-- column before: null if nothing is known from before the window; `refused since <time>` if there were only failed
--   calls or dry runs; `counted since <time>` if daily or monthly counts have it from before, outside the filters or
--   from events that are deleted
-- column first_time: first event in the window, of any outcome
-- column last_time: last event in the window, of any outcome
-- column first_event: ID of the first event (`keytrail event ID` prints it)
-- column operations: successful operations with their counts, most frequent first
-- column successes: number of successful calls
-- column failures: number of failed calls
-- column failure_reasons: outcomes of the failed calls with their counts
-- column failed_operations: operations of the failed calls with their counts
-- column dry_runs: number of dry runs, which count neither as success nor as failure
-- column callers: number of callers
-- column caller_sample: the three most frequent callers
-- column keys: number of keys
-- column key_sample: the three most frequent keys
-- column label: `cloudtrail_delivery` for CloudTrail encrypting its own logs, `self` for keytrail's own calls; null if
--   any call is neither
-- footnote: first seen in the logs held, which is no proof that it is new: logs may lack, and a call of a service under its own name tells no address
-- caveat:
--   SELECT CASE
--     WHEN min(first_time) >= $since THEN 'the logs held begin at '
--       || to_char(min(first_time), '%Y-%m-%dT%H:%M:%SZ') || ', within the window: all of it is seen for the first time'
--     ELSE 'the logs held reach back to ' || to_char(min(first_time), '%Y-%m-%dT%H:%M:%SZ') || ', '
--       || CAST(floor((to_unixtime($since) - to_unixtime(min(first_time))) / 86400) AS BIGINT)
--       || ' days before the window, with records of ' || count(DISTINCT CASE WHEN first_time < $since THEN event_date END)
--       || ' of these days: what was seen only on others counts as new'
--   END
--   FROM usage_daily
--   HAVING count(*) > 0
-- caveat:
--   SELECT 'events before ' || to_char(horizon, '%Y-%m-%dT%H:%M:%SZ')
--     || ' were deleted: a network seen only before that counts as new, and of callers, keys and resources the roll-ups tell'
--   FROM (SELECT retention_horizon('kms_events') AS horizon) AS held
--   CROSS JOIN (SELECT min(first_time) AS first_time FROM usage_monthly) AS counted
--   WHERE horizon > counted.first_time
-- caveat:
--   SELECT 'the logs held of account ' || coalesce(recipient_account_id, 'unknown') || ' begin at '
--     || to_char(min(first_time), '%Y-%m-%dT%H:%M:%SZ') || ', within the window: what only its log tells is seen for the first time'
--   FROM usage_monthly
--   WHERE (SELECT min(first_time) FROM usage_monthly) < $since
--   GROUP BY recipient_account_id
--   HAVING min(first_time) >= $since AND ($until IS NULL OR min(first_time) < $until)
--   ORDER BY recipient_account_id
-- caveat:
--   SELECT 'operations of the window that tell no address, because a service called: ' || count(*)
--   FROM scope_uses
--   WHERE event_time >= $since AND ($until IS NULL OR event_time < $until) AND key_role <> 'destination'
--     AND network(source_ip) IS NULL AND coalesce(vpc_endpoint_id NOT LIKE 'vpce-%', true)
--   HAVING count(*) > 0
-- caveat:
--   SELECT 'cryptographic operations of the window that do not tell their key: ' || count(*)
--     || ', of them successful: ' || count(*) FILTER (WHERE outcome = 'success')
--   FROM scope_uses
--   WHERE event_time >= $since AND ($until IS NULL OR event_time < $until)
--     AND key_arn IS NULL AND key_as_typed IS NULL AND kind = 'use' AND NOT is_dry_run AND outcome <> 'dry_run'
--   HAVING count(*) > 0
-- caveat:
--   SELECT 'operations taken for a key by an alias, at a time for which no log shows where it pointed: ' || count(*)
--   FROM scope_uses
--   WHERE event_time >= $since AND ($until IS NULL OR event_time < $until) AND resolution = 'alias_unproven'
--   HAVING count(*) > 0
-- caveat:
--   SELECT text FROM scope_unknown_operations

WITH before AS (
  SELECT
    outcome = 'success' AND NOT is_dry_run AS is_success, event_time, caller,
    coalesce(key_arn, key_as_typed) AS key,
    CASE WHEN vpc_endpoint_id LIKE 'vpce-%' THEN vpc_endpoint_id ELSE network(source_ip) END AS network,
    CASE WHEN cardinality(resource_list) > 0 THEN resource_list ELSE make_array(resource) END AS resources
  FROM scope_uses_ever
  WHERE event_time < $since AND event_date <= CAST($since AS DATE)
),

-- What the events of before know, each name once.
known AS (
  SELECT
    CASE WHEN grouping(caller) = 0 THEN 'caller' WHEN grouping(key) = 0 THEN 'key' ELSE 'network' END AS kind,
    coalesce(caller, key, network) AS name,
    bool_or(is_success) AS is_success,
    min(event_time) AS first_time
  FROM before
  GROUP BY GROUPING SETS ((caller), (key), (network))
  UNION ALL
  SELECT
    'resource' AS kind,
    CASE WHEN resource LIKE 'arn:%:s3:::%' THEN split_part(resource, '/', 1) ELSE resource END AS name,
    bool_or(is_success) AS is_success,
    min(event_time) AS first_time
  FROM (SELECT unnest(resources) AS resource, is_success, event_time FROM before)
  GROUP BY 1, 2
),

-- What the roll-ups know of before: whatever the filters, and longer than events are held.
counted AS (
  SELECT 'caller' AS kind, caller AS name, min(first_time) AS first_time
  FROM usage_daily
  GROUP BY caller
  UNION ALL
  SELECT 'key', key, min(first_time)
  FROM (
    SELECT key, first_time
    FROM usage_monthly
    WHERE key NOT IN (SELECT key FROM typed_keys)
    UNION ALL
    SELECT coalesce(key_arn, key), first_time
    FROM usage_by_name
  )
  GROUP BY key
  UNION ALL
  SELECT 'resource', resource, min(first_time)
  FROM key_resources
  GROUP BY resource
),

inside AS (
  SELECT
    event_time, event_id, content_hash, caller, use_label, outcome,
    coalesce(event_name, 'unknown') AS operation,
    CASE
      WHEN is_dry_run OR outcome = 'dry_run' THEN 'dry_run'
      WHEN outcome = 'success' THEN 'success'
      ELSE 'failure'
    END AS verdict,
    coalesce(key_arn, key_as_typed) AS key,
    CASE WHEN vpc_endpoint_id LIKE 'vpce-%' THEN vpc_endpoint_id ELSE network(source_ip) END AS network,
    CASE WHEN cardinality(resource_list) > 0 THEN resource_list ELSE make_array(resource) END AS resources
  FROM scope_uses
  WHERE event_time >= $since AND event_date >= CAST($since AS DATE)
    AND ($until IS NULL OR (event_time < $until AND event_date <= CAST($until AS DATE)))
),

unnested AS (
  SELECT
    unnest(
      array_concat(make_array('caller', 'key', 'network'), array_repeat('resource', cardinality(resources)))
    ) AS kind,
    unnest(array_concat(make_array(caller, key, network), resources)) AS name,
    event_time, event_id, content_hash, caller, use_label, outcome, operation, verdict, key
  FROM inside
),

mentions AS (
  SELECT
    kind,
    CASE WHEN kind = 'resource' AND name LIKE 'arn:%:s3:::%' THEN split_part(name, '/', 1) ELSE name END AS name,
    event_time, event_id, content_hash, caller, use_label, outcome, operation, verdict, key
  FROM unnested
),

-- Only the few new ones are looked at closely.
fresh AS (
  SELECT
    mentions.*,
    CASE
      WHEN known.name IS NOT NULL THEN 'refused since ' || to_char(known.first_time, '%Y-%m-%dT%H:%M:%SZ')
      WHEN counted.first_time < $since THEN 'counted since ' || to_char(counted.first_time, '%Y-%m-%dT%H:%M:%SZ')
    END AS before,
    known.name IS NOT NULL AS was_refused
  FROM mentions
  LEFT JOIN known ON known.kind = mentions.kind AND known.name = mentions.name
  LEFT JOIN counted ON counted.kind = mentions.kind AND counted.name = mentions.name
  WHERE mentions.name IS NOT NULL AND NOT coalesce(known.is_success, false)
),

-- What was done, why it failed, by whom, on which key: one shape, so that each can be ranked. A call
-- counts once for a name, however many of its keys or resources bear it.
facts AS (
  SELECT
    kind, name, before, was_refused, dimension,
    CASE WHEN dimension IN ('caller', 'key') THEN 'any' ELSE verdict END AS verdict,
    CASE dimension
      WHEN 'operation' THEN operation
      WHEN 'outcome' THEN outcome
      WHEN 'caller' THEN caller
      WHEN 'key' THEN key
      ELSE 'calls'
    END AS value,
    count(DISTINCT content_hash) AS calls,
    min(event_time) AS first_time,
    max(event_time) AS last_time,
    -- The first by time, with its id.
    min(to_char(event_time, '%Y-%m-%dT%H:%M:%SZ') || ' ' || event_id) AS first_event,
    min(use_label) AS label,
    count(*) - count(use_label) AS unlabeled
  FROM fresh
  CROSS JOIN (VALUES ('operation'), ('outcome'), ('caller'), ('key'), ('total')) AS dimensions (dimension)
  GROUP BY 1, 2, 3, 4, 5, 6, 7
),

ranked AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY kind, name, dimension, verdict ORDER BY calls DESC, value) AS place
  FROM facts
  WHERE value IS NOT NULL
)

SELECT
  kind,
  name,
  before,
  min(first_time) FILTER (WHERE dimension = 'total') AS first_time,
  max(last_time) FILTER (WHERE dimension = 'total') AS last_time,
  split_part(min(first_event) FILTER (WHERE dimension = 'total'), ' ', 2) AS first_event,
  string_agg(value || ' ' || calls, ', ' ORDER BY place)
    FILTER (WHERE dimension = 'operation' AND verdict = 'success') AS operations,
  coalesce(sum(calls) FILTER (WHERE dimension = 'total' AND verdict = 'success'), 0) AS successes,
  coalesce(sum(calls) FILTER (WHERE dimension = 'total' AND verdict = 'failure'), 0) AS failures,
  string_agg(value || ' ' || calls, ', ' ORDER BY place)
    FILTER (WHERE dimension = 'outcome' AND verdict = 'failure') AS failure_reasons,
  string_agg(value || ' ' || calls, ', ' ORDER BY place)
    FILTER (WHERE dimension = 'operation' AND verdict = 'failure') AS failed_operations,
  coalesce(sum(calls) FILTER (WHERE dimension = 'total' AND verdict = 'dry_run'), 0) AS dry_runs,
  count(*) FILTER (WHERE dimension = 'caller') AS callers,
  string_agg(value, ', ' ORDER BY place) FILTER (WHERE dimension = 'caller' AND place <= 3) AS caller_sample,
  count(*) FILTER (WHERE dimension = 'key') AS keys,
  string_agg(value, ', ' ORDER BY place) FILTER (WHERE dimension = 'key' AND place <= 3) AS key_sample,
  CASE WHEN sum(unlabeled) = 0 THEN min(label) END AS label
FROM ranked
GROUP BY kind, name, before, was_refused
HAVING NOT was_refused OR sum(calls) FILTER (WHERE dimension = 'total' AND verdict = 'success') > 0
ORDER BY kind, first_time, name
