-- id: key-timeline
-- title: Timeline of a key
-- description: Changes to a key in order of time (creation, state, deletion, material, rotation, policy, description,
--   tags, aliases, replicas), attempted or successful. Between two changes there is one row each for its uses, failed
--   uses, operations that this version of keytrail does not know and that may be uses, and grants created and ended.
--   Read calls (Describe…, Get…, List…) and dry runs are left out. An operation counts once, also if it is
--   cross-account; a correction replaces the record that it corrects. The keys of a multi-Region set share one
--   timeline; an operation on two of them counts for its source.
-- param key: key, required. The key's id, ARN, alias or alias ARN, or the id of a multi-Region set.
-- column event_time: time of the change, or of the first event of the row
-- column what: the operation, with its outcome if it failed; `alias moved away` if UpdateAlias gave an alias to another
--   key, `alias seen elsewhere` if no log shows that call; or `uses`, `failed uses`, `unknown operations` or `grants`;
--   ends in `(cloudtrail_delivery)` for CloudTrail encrypting its own logs, in `(self)` for keytrail's own calls
-- column by: the caller, or the three with the most calls
-- column calls: number of calls in the row; null for a change
-- column detail: what was set, or which operations were called how often and until when; for a multi-Region set, the
--   regions of the members first
-- column uses_per_day: uses per day (UTC), from the first to the last day of the row; null for other rows
-- column event_id: ID of the event of a change
-- series: uses_per_day
-- caveat:
--   SELECT
--     'key-creation' AS code,
--     NULL AS count,
--     'no log shows the creation of this key; its life before ' || iso_time(min(event_time)) || ' is unknown' AS text
--   FROM scope_uses_ever
--   WHERE is_asked_key(key_arn, key_as_typed)
--   HAVING count(*) > 0 AND count(*) FILTER (
--     WHERE outcome = 'success' AND (event_name = 'CreateKey' OR (event_name = 'ReplicateKey' AND key_role = 'destination'))
--   ) = 0
-- caveat:
--   SELECT
--     'unproven-alias' AS code,
--     count(*) AS count,
--     counted(count(*), 'record', 'records') || ' counted for this key by an alias; no log shows where it pointed then' AS text
--   FROM scope_uses
--   WHERE array_has($key_arns, key_arn) AND resolution = 'alias_unproven'
--   HAVING count(*) > 0
-- caveat:
--   SELECT 'dry-runs' AS code, count(*) AS count, counted(count(*), 'dry run', 'dry runs') || ' of this key left out' AS text
--   FROM scope_uses
--   WHERE is_asked_key(key_arn, key_as_typed)
--     AND (is_dry_run OR outcome = 'dry_run')
--   HAVING count(*) > 0
-- caveat:
--   SELECT code, count, text FROM scope_unknown_operations
-- caveat:
--   SELECT code, count, text FROM scope_missing_logs ORDER BY place

WITH calls AS (
  SELECT
    *,
    CASE
      WHEN kind = 'use' AND outcome = 'success' THEN 'uses'
      WHEN kind = 'use' THEN 'failed uses'
      WHEN kind = 'unknown' THEN 'unknown operations'
      WHEN event_name IN ('CreateGrant', 'RetireGrant', 'RevokeGrant') THEN 'grants'
      ELSE 'change'
    END AS part
  FROM scope_uses
  WHERE is_asked_key(key_arn, key_as_typed)
    AND NOT (key_role = 'destination' AND coalesce(array_has($key_arns, other_key_arn), false))
    AND NOT is_dry_run AND outcome <> 'dry_run'
    AND operation_class(event_name) <> 'read'
),

entries AS (
  SELECT
    event_time, event_date, part, caller, coalesce(split_part(key_arn, ':', 4), region) AS region, event_id, use_label AS label,
    CASE
      WHEN part = 'change' AND outcome = 'success' THEN event_name
      WHEN part = 'change' THEN event_name || ' (' || outcome || ')'
      ELSE part
    END AS what,
    CASE
      WHEN part <> 'change' THEN
        coalesce(event_name, 'unknown')
          || CASE WHEN event_name = 'ReEncrypt' THEN ' (' || key_role || ')' ELSE '' END
          || CASE WHEN outcome = 'success' THEN '' ELSE ' ' || outcome END
      WHEN outcome <> 'success' THEN coalesce(error_message, error_code)
      -- The waiting of a primary key begins when its last replica is gone.
      WHEN event_name = 'ScheduleKeyDeletion' AND json_text(response, '/keyState') = 'PendingReplicaDeletion' THEN
        'deletion ' || pending_window_days || ' days after its last replica is deleted'
      WHEN event_name = 'ScheduleKeyDeletion' THEN
        'deletion ' || coalesce('on ' || iso_time(deletion_date), 'after ' || pending_window_days || ' days')
      WHEN event_name IN ('CreateAlias', 'UpdateAlias', 'DeleteAlias') THEN alias_name
      WHEN event_name = 'CreateKey' THEN
        concat_ws(
          ', ',
          coalesce(json_text(response, '/keyMetadata/keySpec'), json_text(response, '/keyMetadata/customerMasterKeySpec')),
          json_text(response, '/keyMetadata/keyUsage'), json_text(response, '/keyMetadata/origin')
        )
      WHEN event_name = 'ReplicateKey' THEN
        CASE key_role WHEN 'destination' THEN 'replica of ' ELSE 'replica ' END || other_key_arn
      WHEN event_name IN ('RotateKey', 'RotateKeyOnDemand', 'ImportKeyMaterial', 'DeleteImportedKeyMaterial') THEN
        'material ' || key_material_id
      WHEN event_name = 'EnableKeyRotation' THEN
        'every ' || coalesce(json_text(request, '/rotationPeriodInDays'), '365') || ' days'
      WHEN event_name = 'TagResource' THEN json_text(request, '/tags')
      WHEN event_name = 'UntagResource' THEN json_text(request, '/tagKeys')
      WHEN event_name = 'UpdateKeyDescription' THEN json_text(request, '/description')
      WHEN event_name = 'UpdatePrimaryRegion' THEN 'to ' || json_text(request, '/primaryRegion')
    END AS detail,
    content_hash
  FROM calls
  UNION ALL
  -- An UpdateAlias names the new key only.
  SELECT
    past.valid_to AS event_time, CAST(past.valid_to AS DATE) AS event_date, 'change' AS part,
    NULL AS caller, past.region, NULL AS event_id, NULL AS label,
    CASE next.evidence WHEN 'operation' THEN 'alias moved away' ELSE 'alias seen elsewhere' END AS what,
    past.alias_name || ' to ' || next.key_arn AS detail,
    NULL AS content_hash
  FROM alias_history AS past
  JOIN alias_history AS next
    ON next.alias_arn = past.alias_arn AND next.first_seen = past.valid_to AND next.key_arn <> past.key_arn
  WHERE array_has($key_arns, past.key_arn) AND NOT array_has($key_arns, next.key_arn)
    AND ($since IS NULL OR past.valid_to >= $since) AND ($until IS NULL OR past.valid_to < $until)
),

-- Each change opens a period; what follows up to the next one is added up.
entries_by_period AS (
  SELECT
    *,
    sum(CASE part WHEN 'change' THEN 1 ELSE 0 END) OVER (
      ORDER BY event_time, part <> 'change', event_id, content_hash, detail
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS period
  FROM entries
),

sums AS (
  SELECT
    period, part, label, count(*) AS calls, min(event_time) AS first_time, max(event_time) AS last_time,
    string_agg(DISTINCT region, ', ' ORDER BY region) AS region,
    counts(detail, 1) AS operations,
    top_counts(caller, 1, 3) AS callers,
    count(DISTINCT caller) AS caller_count,
    day_series(event_date, 1, NULL, NULL) AS calls_per_day
  FROM entries_by_period
  WHERE part <> 'change'
  GROUP BY period, part, label
),

lines AS (
  SELECT
    event_time, what, detail, caller AS by, CAST(NULL AS BIGINT) AS calls, event_id, region, label, period, 0 AS place,
    make_array(CAST(NULL AS BIGINT)) AS uses_per_day, content_hash
  FROM entries_by_period
  WHERE part = 'change'
  UNION ALL
  SELECT
    first_time AS event_time, part AS what, operations || ' until ' || iso_time(last_time) AS detail,
    callers || CASE WHEN caller_count > 3 THEN ', and ' || (caller_count - 3) || ' more' ELSE '' END AS by,
    calls, NULL AS event_id, region, label, period,
    CASE part WHEN 'uses' THEN 1 WHEN 'failed uses' THEN 2 WHEN 'unknown operations' THEN 3 ELSE 4 END AS place,
    calls_per_day AS uses_per_day, NULL AS content_hash
  FROM sums
)

SELECT
  event_time,
  what || coalesce(' (' || label || ')', '') AS what,
  by,
  calls,
  CASE WHEN cardinality($key_arns) > 1 THEN region || coalesce(': ' || detail, '') ELSE detail END AS detail,
  CASE WHEN place = 1 THEN uses_per_day END AS uses_per_day,
  event_id
FROM lines
ORDER BY period, event_time, place, label NULLS FIRST, event_id NULLS FIRST, detail
