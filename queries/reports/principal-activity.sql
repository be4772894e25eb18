-- id: principal-activity
-- title: Activity of a principal
-- description: Everything a principal did or tried with KMS: under which names, from where, with which operations, keys
--   and resources, and what was denied. A call matches if the given text is its caller (role or user, by ARN or name),
--   user ARN, user name, session, access key ID, credential ID, principal ID (with or without the session), source
--   identity, Identity Center user, source IP address or VPC endpoint, or the network of the address (/24 for IPv4, /48
--   for IPv6). A note says how it matched; if several principals share a name, the rows with what = caller tell them
--   apart. Nothing is cut off. A call counts once, also if it is cross-account; a correction replaces the record that
--   it corrects. Both keys of a ReEncrypt have a row, each with the resources of its side.
-- param principal: principal, required. ARN, name, session, access key id, principal id, IP address or network, Identity Center user.
-- column what: what `name` is: `caller`, `user ARN`, `session`, `access key id`, `credential id`, `principal id`,
--   `source identity`, `Identity Center user`, `source address`, `VPC endpoint`, `user agent`, `invoking service`,
--   `account and region`, `operation`, `key`, `resource`, `grant` or `refusal`
-- column name: the value: keys by ARN, else as typed, or `(none told)`; S3 objects as the encryption context names
--   them; for a refusal its operation, outcome, kind of policy and error code
-- column key: for resources, grants and refusals, the key that they belong to
-- column is_new: whether it has no call in the 30 days before the window; null if the window has no start
-- column operations: successful operations with their counts, most frequent first
-- column successes: number of successful calls
-- column first_time: first successful call
-- column last_time: last successful call
-- column failures: number of failed calls
-- column failure_reasons: outcomes of the failed calls with their counts
-- column failed_operations: operations of the failed calls with their counts
-- column first_failure: first failed call
-- column last_failure: last failed call
-- column dry_runs: number of dry runs, which count neither as success nor as failure
-- column before: number of calls, of any outcome, in the 30 days before the window; null if the window has no start
-- column label: `cloudtrail_delivery` for CloudTrail encrypting its own logs, `self` for keytrail's own calls; null if
--   any call is neither
-- footnote bucket-key: an S3 Bucket Key covers any number of objects; later use of grants and data keys is not shown
-- caveat:
--   WITH found AS (
--     SELECT
--       content_hash, event_time, resolution,
--       is_in_window(event_time) AS is_inside,
--       concat_ws(
--         ', ',
--         CASE WHEN goes_by(caller, $principal) THEN 'caller' END,
--         CASE WHEN user_arn = $principal THEN 'user ARN' END,
--         CASE WHEN user_name = $principal THEN 'user name' END,
--         CASE WHEN session_name = $principal THEN 'session' END,
--         CASE WHEN access_key_id = $principal THEN 'access key id' END,
--         CASE WHEN credential_id = $principal THEN 'credential id' END,
--         CASE WHEN principal_id = $principal OR split_part(principal_id, ':', 1) = $principal THEN 'principal id' END,
--         CASE WHEN source_identity = $principal THEN 'source identity' END,
--         CASE WHEN on_behalf_of = $principal THEN 'Identity Center user' END,
--         CASE WHEN is_address(scope_uses_ever, $principal) THEN 'address' END
--       ) AS found_as
--     FROM scope_uses_ever
--     WHERE is_principal(scope_uses_ever, $principal)
--   ),
--   names_matched AS (
--     SELECT found_as, is_inside, count(DISTINCT content_hash) AS calls,
--       count(*) FILTER (WHERE resolution = 'alias_unproven') AS unproven,
--       iso_time(min(event_time)) AS first_time,
--       iso_time(max(event_time)) AS last_time
--     FROM found
--     GROUP BY found_as, is_inside
--   ),
--   totals AS (
--     SELECT
--       CASE count(*) WHEN 0 THEN 0 END AS nothing,
--       sum(calls) FILTER (WHERE is_inside) AS calls,
--       CASE count(*) FILTER (WHERE is_inside)
--         WHEN 1 THEN max(found_as) FILTER (WHERE is_inside)
--         ELSE string_agg(calls || ' as ' || found_as, '; ' ORDER BY calls DESC, found_as) FILTER (WHERE is_inside)
--       END AS ways,
--       count(*) FILTER (WHERE is_inside) AS ways_count,
--       sum(calls) FILTER (WHERE NOT is_inside) AS outside,
--       min(first_time) FILTER (WHERE NOT is_inside) AS first_time,
--       max(last_time) FILTER (WHERE NOT is_inside) AS last_time,
--       nullif(sum(unproven) FILTER (WHERE is_inside), 0) AS unproven
--     FROM names_matched
--   ),
--   notes AS (
--     SELECT unnest(make_array(
--       note('not-found', nothing, 'no event of any time is from this principal within these filters'),
--       note(
--         'matched', calls,
--         counted(calls, 'call matches', 'calls match') || CASE ways_count WHEN 1 THEN ' as ' ELSE ': ' END || ways
--       ),
--       note(
--         'outside-window', outside,
--         counted(outside, 'more call', 'more calls') || ' outside the window, from ' || first_time || ' to ' || last_time
--       ),
--       note('unproven-alias', unproven, counted(unproven, 'operation', 'operations') || ' counted by an alias; no log shows where it pointed then')
--     )) AS note
--     FROM totals
--   )
--   SELECT note['code'] AS code, note['count'] AS count, note['text'] AS text
--   FROM notes
--   WHERE note['count'] IS NOT NULL
-- caveat:
--   SELECT
--     'no-start' AS code,
--     NULL AS count,
--     'the window has no start, so nothing is marked new; give --since' AS text
--   WHERE $since IS NULL
-- caveat:
--   SELECT
--     'history' AS code,
--     count(DISTINCT event_date) AS count,
--     count(DISTINCT event_date) || ' of the 30 days before the window '
--       || CASE count(DISTINCT event_date) WHEN 1 THEN 'has' ELSE 'have' END
--       || ' events; what was done only on the others is marked new' AS text
--   FROM kms_events
--   WHERE event_date >= CAST($since - INTERVAL '30 days' AS DATE) AND event_date < CAST($since AS DATE)
--     AND event_time >= coalesce(retention_horizon('kms_events'), event_time)
--   HAVING $since IS NOT NULL AND count(DISTINCT event_date) < 30
-- caveat:
--   SELECT code, count, text FROM scope_missing_logs ORDER BY place

WITH calls_of_principal AS (
  SELECT
    event_time, content_hash, key_role, use_label AS label,
    coalesce(event_time >= $since, true) AS is_inside,
    result_of(scope_uses_ever) AS result,
    outcome, caller, user_arn, session_name, access_key_id, credential_id, principal_id, source_identity, on_behalf_of,
    source_ip, vpc_endpoint_id, user_agent, invoked_by, grant_id,
    coalesce(recipient_account_id, 'unknown') || ' ' || coalesce(region, 'unknown') AS account_and_region,
    coalesce(event_name, 'unknown') AS operation,
    CASE
      WHEN outcome <> 'success' AND outcome <> 'dry_run' AND NOT is_dry_run
        THEN coalesce(event_name, 'unknown') || ' ' || outcome
          || coalesce(' by ' || denied_by, '') || coalesce(' (' || error_code || ')', '')
    END AS refusal,
    coalesce(key_arn, key_as_typed, '(none told)') AS key,
    array_distinct(side_resources(scope_uses_ever)) AS resources
  FROM scope_uses_ever
  WHERE ($until IS NULL OR (event_time < $until AND event_date <= CAST($until AS DATE)))
    AND (
      $since IS NULL
      OR (event_time >= $since - INTERVAL '30 days' AND event_date >= CAST($since - INTERVAL '30 days' AS DATE))
    )
    AND is_principal(scope_uses_ever, $principal)
),

-- Each name of a call with what it is, a row each.
mentions AS (
  SELECT
    unnest(array_concat(
      make_array(
        'caller', 'user ARN', 'session', 'access key id', 'credential id', 'principal id', 'source identity',
        'Identity Center user', 'source address', 'VPC endpoint', 'user agent', 'invoking service',
        'account and region', 'operation', 'key', 'grant', 'refusal'
      ),
      array_repeat('resource', cardinality(resources))
    )) AS what,
    unnest(array_concat(
      make_array(
        caller, user_arn, session_name, access_key_id, credential_id, principal_id, source_identity,
        on_behalf_of, source_ip, vpc_endpoint_id, user_agent, invoked_by,
        account_and_region, operation, key, grant_id, refusal
      ),
      resources
    )) AS name,
    key, label, is_inside, result, outcome, operation, event_time, content_hash, key_role
  FROM calls_of_principal
),

-- A call counts once for a name, whichever of its keys bears it; resources, grants and refusals stand beside
-- the key that they belong to.
calls_by_name AS (
  SELECT
    what, name,
    CASE WHEN what IN ('resource', 'grant', 'refusal') THEN key END AS key,
    is_inside, result, outcome, operation, label,
    count_calls(mentions) AS calls,
    min(event_time) AS first_time,
    max(event_time) AS last_time
  FROM mentions
  WHERE name IS NOT NULL
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
)

SELECT
  what,
  name,
  key,
  CASE WHEN $since IS NOT NULL THEN bool_and(is_inside) END AS is_new,
  counts(operation, calls) FILTER (WHERE is_inside AND result = 'success') AS operations,
  coalesce(sum(calls) FILTER (WHERE is_inside AND result = 'success'), 0) AS successes,
  min(first_time) FILTER (WHERE is_inside AND result = 'success') AS first_time,
  max(last_time) FILTER (WHERE is_inside AND result = 'success') AS last_time,
  coalesce(sum(calls) FILTER (WHERE is_inside AND result = 'failure'), 0) AS failures,
  counts(outcome, calls) FILTER (WHERE is_inside AND result = 'failure') AS failure_reasons,
  counts(operation, calls) FILTER (WHERE is_inside AND result = 'failure') AS failed_operations,
  min(first_time) FILTER (WHERE is_inside AND result = 'failure') AS first_failure,
  max(last_time) FILTER (WHERE is_inside AND result = 'failure') AS last_failure,
  coalesce(sum(calls) FILTER (WHERE is_inside AND result = 'dry_run'), 0) AS dry_runs,
  CASE WHEN $since IS NOT NULL THEN coalesce(sum(calls) FILTER (WHERE NOT is_inside), 0) END AS before,
  CASE WHEN bool_and(label IS NOT NULL) FILTER (WHERE is_inside) THEN min(label) END AS label
FROM calls_by_name
GROUP BY what, name, key
HAVING bool_or(is_inside)
ORDER BY name_place(what), successes DESC, failures DESC, name, key
