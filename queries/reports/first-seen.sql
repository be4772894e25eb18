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
-- footnote first-seen: first seen in these logs is no proof that it is new: logs may be missing
-- caveat:
--   SELECT
--     CASE WHEN first_time >= $since THEN 'logs-begin' ELSE 'history' END AS code,
--     CASE WHEN first_time < $since THEN days END AS count,
--     CASE
--       WHEN first_time >= $since
--         THEN 'the logs begin at ' || iso_time(first_time) || ', within the window; everything in it is seen for the first time'
--       ELSE days || ' of the ' || counted(days_back, 'day', 'days') || ' before the window '
--         || CASE days WHEN 1 THEN 'has' ELSE 'have' END || ' events; what was seen only on the others counts as new'
--     END AS text
--   FROM (
--     SELECT
--       min(first_time) AS first_time,
--       count(DISTINCT CASE WHEN first_time < $since THEN event_date END) AS days,
--       CAST(floor((to_unixtime($since) - to_unixtime(min(first_time))) / 86400) AS BIGINT) AS days_back
--     FROM uses_daily
--     HAVING count(*) > 0
--   )
-- caveat:
--   SELECT
--     'deleted' AS code,
--     NULL AS count,
--     'events before ' || iso_time(horizon) || ' are deleted; a network seen only before then counts as new' AS text
--   FROM (SELECT retention_horizon('kms_events') AS horizon) AS retention
--   CROSS JOIN (SELECT min(first_time) AS first_time FROM usage_monthly) AS counted
--   WHERE horizon > counted.first_time
-- caveat:
--   SELECT
--     'logs-begin' AS code,
--     NULL AS count,
--     'logs of account ' || coalesce(recipient_account_id, 'unknown') || ' begin at ' || iso_time(min(first_time))
--       || '; what only they show counts as new' AS text
--   FROM usage_monthly
--   WHERE (SELECT min(first_time) FROM usage_monthly) < $since
--   GROUP BY recipient_account_id
--   HAVING min(first_time) >= $since AND ($until IS NULL OR min(first_time) < $until)
--   ORDER BY recipient_account_id
-- caveat:
--   SELECT
--     'no-address' AS code,
--     count(*) AS count,
--     counted(count(*), 'operation has', 'operations have') || ' no address, because a service called' AS text
--   FROM scope_uses
--   WHERE key_role <> 'destination' AND network_of(scope_uses) IS NULL
--   HAVING count(*) > 0
-- caveat:
--   SELECT
--     'unresolved' AS code,
--     count(*) AS count,
--     counted(count(*), 'cryptographic operation names', 'cryptographic operations name') || ' no key ('
--       || count(*) FILTER (WHERE outcome = 'success') || ' succeeded)' AS text
--   FROM scope_uses
--   WHERE key_arn IS NULL AND key_as_typed IS NULL AND kind = 'use' AND NOT is_dry_run AND outcome <> 'dry_run'
--   HAVING count(*) > 0
-- caveat:
--   SELECT
--     'unproven-alias' AS code,
--     count(*) AS count,
--     counted(count(*), 'operation', 'operations') || ' counted by an alias; no log shows where it pointed then' AS text
--   FROM scope_uses
--   WHERE resolution = 'alias_unproven'
--   HAVING count(*) > 0
-- caveat:
--   SELECT code, count, text FROM scope_unknown_operations

WITH calls_before AS (
  SELECT
    outcome = 'success' AND NOT is_dry_run AS is_success, event_time, caller,
    coalesce(key_arn, key_as_typed) AS key,
    network_of(scope_uses_ever) AS network,
    resources_of(scope_uses_ever) AS resources
  FROM scope_uses_ever
  WHERE event_time < $since AND event_date <= CAST($since AS DATE)
),

-- What the events of before know, each name once.
names_before AS (
  SELECT
    CASE WHEN grouping(caller) = 0 THEN 'caller' WHEN grouping(key) = 0 THEN 'key' ELSE 'network' END AS kind,
    coalesce(caller, key, network) AS name,
    bool_or(is_success) AS is_success,
    min(event_time) AS first_time
  FROM calls_before
  GROUP BY GROUPING SETS ((caller), (key), (network))
  UNION ALL
  SELECT
    'resource' AS kind,
    bucket_of(resource) AS name,
    bool_or(is_success) AS is_success,
    min(event_time) AS first_time
  FROM (SELECT unnest(resources) AS resource, is_success, event_time FROM calls_before)
  GROUP BY 1, 2
),

-- What the counts have from before: whatever the filters, and longer than events are stored.
names_counted AS (
  SELECT 'caller' AS kind, caller AS name, min(first_time) AS first_time
  FROM uses_daily
  GROUP BY caller
  UNION ALL
  SELECT 'key', key, min(first_time)
  FROM (
    SELECT coalesce(key_arn, key_as_typed) AS key, first_time
    FROM uses_daily
    UNION ALL
    SELECT key, first_time
    FROM usage_monthly
    WHERE key LIKE 'arn:%:kms:%:key/%' AND first_time < retention_horizon('usage_daily')
  )
  GROUP BY key
  UNION ALL
  SELECT 'resource', resource, min(first_time)
  FROM key_resources
  GROUP BY resource
),

names_inside AS (
  SELECT * REPLACE (CASE kind WHEN 'resource' THEN bucket_of(name) ELSE name END AS name)
  FROM (
    SELECT
      unnest(array_concat(
        make_array('caller', 'key', 'network'), array_repeat('resource', cardinality(resources_of(scope_uses)))
      )) AS kind,
      unnest(array_concat(
        make_array(caller, coalesce(key_arn, key_as_typed), network_of(scope_uses)), resources_of(scope_uses)
      )) AS name,
      event_time, event_id, content_hash, caller, use_label, outcome, result_of(scope_uses) AS result,
      coalesce(event_name, 'unknown') AS operation, coalesce(key_arn, key_as_typed) AS key
    FROM scope_uses
  )
),

-- Only the few new ones are looked at closely.
fresh_names AS (
  SELECT DISTINCT
    names_inside.*,
    CASE
      WHEN names_before.name IS NOT NULL THEN 'refused since ' || iso_time(names_before.first_time)
      WHEN names_counted.first_time < $since THEN 'counted since ' || iso_time(names_counted.first_time)
    END AS before,
    names_before.name IS NOT NULL AS was_refused
  FROM names_inside
  LEFT JOIN names_before ON names_before.kind = names_inside.kind AND names_before.name = names_inside.name
  LEFT JOIN names_counted ON names_counted.kind = names_inside.kind AND names_counted.name = names_inside.name
  WHERE names_inside.name IS NOT NULL AND NOT coalesce(names_before.is_success, false)
),

-- A call counts once for a name, however many of its keys or resources bear it.
fresh_calls AS (
  SELECT *, row_number() OVER (PARTITION BY kind, name, content_hash ORDER BY key) = 1 AS is_counted
  FROM fresh_names
)

SELECT
  kind,
  name,
  before,
  min(event_time) AS first_time,
  max(event_time) AS last_time,
  -- The first by time, with its id.
  split_part(min(iso_time(event_time) || ' ' || event_id), ' ', 2) AS first_event,
  counts(operation, 1) FILTER (WHERE is_counted AND result = 'success') AS operations,
  count(*) FILTER (WHERE is_counted AND result = 'success') AS successes,
  count(*) FILTER (WHERE is_counted AND result = 'failure') AS failures,
  counts(outcome, 1) FILTER (WHERE is_counted AND result = 'failure') AS failure_reasons,
  counts(operation, 1) FILTER (WHERE is_counted AND result = 'failure') AS failed_operations,
  count(*) FILTER (WHERE is_counted AND result = 'dry_run') AS dry_runs,
  count(DISTINCT caller) AS callers,
  top_values(caller, 1, 3) FILTER (WHERE is_counted) AS caller_sample,
  count(DISTINCT key) AS keys,
  top_values(key, 1, 3) AS key_sample,
  CASE WHEN count(use_label) = count(*) THEN min(use_label) END AS label
FROM fresh_calls
GROUP BY kind, name, before, was_refused
HAVING NOT was_refused OR count(*) FILTER (WHERE is_counted AND result = 'success') > 0
ORDER BY kind, first_time, name
