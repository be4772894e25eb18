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

WITH entries AS (
  SELECT
    event_time, event_date, caller, coalesce(split_part(key_arn, ':', 4), region) AS region, event_id, content_hash,
    use_label AS label, event_name, outcome,
    CASE
      WHEN kind = 'use' THEN CASE outcome WHEN 'success' THEN 'uses' ELSE 'failed uses' END
      WHEN kind = 'unknown' THEN 'unknown operations'
      WHEN event_name IN ('CreateGrant', 'RetireGrant', 'RevokeGrant') THEN 'grants'
      ELSE 'change'
    END AS part,
    CASE
      WHEN kind <> 'management' OR event_name IN ('CreateGrant', 'RetireGrant', 'RevokeGrant') THEN
        operation_on_key(scope_uses) || CASE outcome WHEN 'success' THEN '' ELSE ' ' || outcome END
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
    END AS detail
  FROM scope_uses
  WHERE NOT counts_for_source(scope_uses) AND NOT is_dry_run AND outcome <> 'dry_run' AND operation_class(event_name) <> 'read'
  UNION ALL
  -- An UpdateAlias names the new key only.
  SELECT
    past.valid_to, CAST(past.valid_to AS DATE), NULL, past.region, NULL, NULL, NULL,
    CASE next.evidence WHEN 'operation' THEN 'alias moved away' ELSE 'alias seen elsewhere' END, 'success', 'change',
    past.alias_name || ' to ' || next.key_arn
  FROM alias_history AS past
  JOIN alias_history AS next
    ON next.alias_arn = past.alias_arn AND next.first_seen = past.valid_to AND next.key_arn <> past.key_arn
  WHERE array_has($key_arns, past.key_arn) AND NOT array_has($key_arns, next.key_arn) AND is_in_window(past.valid_to)
),

-- Each change opens a period; what follows up to the next one is added up.
entries_by_period AS (
  SELECT
    *,
    count(*) FILTER (WHERE part = 'change') OVER (
      ORDER BY event_time, part <> 'change', event_id, content_hash, detail
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS period
  FROM entries
)

SELECT
  min(event_time) AS event_time,
  CASE part
    WHEN 'change' THEN min(event_name || CASE outcome WHEN 'success' THEN '' ELSE ' (' || outcome || ')' END)
    ELSE part
  END || coalesce(' (' || label || ')', '') AS what,
  CASE part
    WHEN 'change' THEN min(caller)
    ELSE top_counts(caller, 1, 3)
      || CASE WHEN count(DISTINCT caller) > 3 THEN ', and ' || (count(DISTINCT caller) - 3) || ' more' ELSE '' END
  END AS by,
  CASE WHEN part <> 'change' THEN count(*) END AS calls,
  CASE
    WHEN part <> 'change' THEN
      CASE WHEN cardinality($key_arns) > 1 THEN string_agg(DISTINCT region, ', ' ORDER BY region) || ': ' ELSE '' END
        || counts(detail, 1) || ' until ' || iso_time(max(event_time))
    WHEN cardinality($key_arns) > 1 THEN min(region) || coalesce(': ' || min(detail), '')
    ELSE min(detail)
  END AS detail,
  CASE part WHEN 'uses' THEN day_series(event_date, 1, NULL, NULL) END AS uses_per_day,
  CASE part WHEN 'change' THEN min(event_id) END AS event_id
FROM entries_by_period
GROUP BY period, part, label
ORDER BY period, event_time, array_position(make_array('change', 'uses', 'failed uses', 'unknown operations', 'grants'), part), label NULLS FIRST
