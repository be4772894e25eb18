-- id: keys
-- title: Keys, with their state and life cycle
-- description: One row per key in key_names, its life cycle replayed from the successful operations in the logs; a
--   column is null if no log shows it. A use or a refusal within ten minutes after a change of state says nothing about
--   the state, because KMS applies such a change gradually, and nothing follows Deleted. After events are deleted, the
--   monthly counts still show whether and when a key was created, enabled, disabled, scheduled for deletion (not for a
--   multi-Region key, which may wait for its replicas) or deleted.
-- column state: last state that the logs show, as KMS names it (`Enabled`, `Disabled`, `PendingDeletion`,
--   `PendingReplicaDeletion`, `PendingImport`, `Unavailable`, …), or `Deleted`; `Enabled` after ImportKeyMaterial
--   assumes that no other material of the key is missing
-- column state_time: time of the event that shows the state
-- column state_source: what shows the state: `operation` (a call that changes it), `refusal` (KMS refused a call
--   because of it) or `use` (a cryptographic operation succeeded, so the key was enabled)
-- column created_time: when CreateKey or ReplicateKey created the key
-- column created_by: caller of that call
-- column deletion_date: when KMS will delete the key, by its response to ScheduleKeyDeletion, else that call's time
--   plus the waiting period; null unless the state is `PendingDeletion`
-- column spec: key spec, such as `SYMMETRIC_DEFAULT`, from CreateKey or ReplicateKey
-- column usage: key usage, such as `ENCRYPT_DECRYPT`, from CreateKey or ReplicateKey
-- column origin: origin of the key material, such as `AWS_KMS`, from CreateKey or ReplicateKey
-- column custom_key_store_id: custom key store of the key, from CreateKey or ReplicateKey
-- column settings_time: time of the call that `spec`, `usage`, `origin` and `custom_key_store_id` are from
-- column description: description of the key, from CreateKey, ReplicateKey or UpdateKeyDescription
-- column description_time: time of that call
-- column rotation: automatic rotation, `enabled` or `disabled`, by the last EnableKeyRotation or DisableKeyRotation
-- column rotation_time: time of that call
-- column rotated_time: last rotation, by RotateKey or RotateKeyOnDemand
-- column policy_time: last change of the key policy, by PutKeyPolicy
-- column last_use: last successful cryptographic operation; if a typed alias moved that day and the events of the day
--   are deleted, it may have been on the alias's other key
-- columns: as in key_names
-- depends: key_names, state_calls, uses_daily
-- kept: a report on keys shows their states above its rows and in them

-- What was made is the replica of a ReplicateKey, not the key that was asked for it.
WITH changes AS (
  SELECT
    *,
    CASE
      WHEN event_name = 'CreateKey' THEN '/keyMetadata/'
      WHEN event_name = 'ReplicateKey' AND key_role = 'destination' THEN '/replicaKeyMetadata/'
    END AS metadata
  FROM state_calls
  WHERE outcome = 'success' AND NOT (event_name = 'ReplicateKey' AND key_role <> 'destination')
),

-- What its making says of a key.
keys_made AS (
  SELECT
    key_arn, event_time AS created_time, caller AS created_by,
    coalesce(
      json_text(response, metadata || 'keySpec'), json_text(response, metadata || 'customerMasterKeySpec'),
      json_text(request, '/keySpec'), json_text(request, '/customerMasterKeySpec')
    ) AS spec,
    made_with(changes, 'keyUsage') AS usage,
    made_with(changes, 'origin') AS origin,
    made_with(changes, 'customKeyStoreId') AS custom_key_store_id
  FROM changes
  WHERE metadata IS NOT NULL
  QUALIFY row_number() OVER (PARTITION BY key_arn ORDER BY event_time, event_id, content_hash) = 1
),

descriptions AS (
  SELECT
    key_arn,
    last_value(
      CASE
        WHEN event_name = 'UpdateKeyDescription' THEN json_text(request, '/description')
        ELSE made_with(changes, 'description')
      END ORDER BY event_time, event_id, content_hash
    ) FILTER (WHERE metadata IS NOT NULL OR event_name = 'UpdateKeyDescription') AS description,
    max(event_time) FILTER (WHERE metadata IS NOT NULL OR event_name = 'UpdateKeyDescription') AS description_time,
    last_value(CASE event_name WHEN 'EnableKeyRotation' THEN 'enabled' ELSE 'disabled' END ORDER BY event_time, event_id, content_hash)
      FILTER (WHERE event_name IN ('EnableKeyRotation', 'DisableKeyRotation')) AS rotation,
    max(event_time) FILTER (WHERE event_name IN ('EnableKeyRotation', 'DisableKeyRotation')) AS rotation_time,
    max(event_time) FILTER (WHERE event_name IN ('RotateKey', 'RotateKeyOnDemand')) AS rotated_time,
    max(event_time) FILTER (WHERE event_name = 'PutKeyPolicy') AS policy_time
  FROM changes
  GROUP BY key_arn
),

-- What each operation and each refusal says of the state.
statements AS (
  SELECT
    key_arn, event_time, event_id, content_hash, deletion_date, pending_window_days,
    CASE WHEN outcome = 'success' THEN 'operation' ELSE 'refusal' END AS source,
    CASE
      WHEN outcome = 'success' THEN
        CASE event_name
          WHEN 'CreateKey' THEN coalesce(json_text(response, '/keyMetadata/keyState'), 'Enabled')
          WHEN 'ReplicateKey' THEN json_text(response, '/replicaKeyMetadata/keyState')
          WHEN 'EnableKey' THEN 'Enabled'
          WHEN 'ImportKeyMaterial' THEN 'Enabled'
          WHEN 'DisableKey' THEN 'Disabled'
          WHEN 'CancelKeyDeletion' THEN 'Disabled'
          WHEN 'ScheduleKeyDeletion' THEN coalesce(json_text(response, '/keyState'), 'PendingDeletion')
          WHEN 'DeleteKey' THEN 'Deleted'
          WHEN 'DeleteImportedKeyMaterial' THEN 'PendingImport'
          WHEN 'DeleteExpiredKeyMaterial' THEN 'PendingImport'
        END
      WHEN error_message LIKE '%is disabled%' THEN 'Disabled'
      WHEN error_message LIKE '%pending deletion%' THEN 'PendingDeletion'
      WHEN error_message LIKE '%pending replica deletion%' THEN 'PendingReplicaDeletion'
      WHEN error_message LIKE '%pending import%' THEN 'PendingImport'
      WHEN error_message LIKE '%is unavailable%' THEN 'Unavailable'
    END AS state,
    event_name IN ('ImportKeyMaterial', 'DeleteImportedKeyMaterial', 'DeleteExpiredKeyMaterial') AS is_of_material
  FROM state_calls
  WHERE NOT (event_name = 'ReplicateKey' AND key_role <> 'destination')
),

-- The material of a key that waits for its deletion changes nothing about that, and a refusal just after an
-- operation may still be of the state before it.
states AS (
  SELECT *
  FROM (
    SELECT
      *,
      last_value(CASE WHEN NOT is_of_material THEN state END) IGNORE NULLS OVER (
        PARTITION BY key_arn ORDER BY event_time, event_id, content_hash
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      ) AS state_before,
      max(CASE WHEN source = 'operation' THEN event_time END) OVER (
        PARTITION BY key_arn ORDER BY event_time, event_id, content_hash
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      ) AS operation_before
    FROM statements
    WHERE state IS NOT NULL
  )
  WHERE NOT (is_of_material AND coalesce(state_before IN ('PendingDeletion', 'PendingReplicaDeletion', 'Deleted'), false))
    AND NOT (source = 'refusal' AND coalesce(event_time <= operation_before + INTERVAL '10 minutes', false))
),

-- What the counts tell of the life of a key, which outlive its events. They tell no state after a CreateKey, which may
-- have left the key without material, nor after an operation on its material.
states_counted AS (
  SELECT
    key_arn,
    min(first_time) FILTER (WHERE event_name = 'CreateKey' OR event_name = 'ReplicateKey') AS created_time,
    max(last_time) FILTER (WHERE event_name <> 'ReplicateKey') AS event_time,
    last_value(
      CASE event_name
        WHEN 'EnableKey' THEN 'Enabled'
        WHEN 'DisableKey' THEN 'Disabled'
        WHEN 'CancelKeyDeletion' THEN 'Disabled'
        WHEN 'ScheduleKeyDeletion' THEN CASE WHEN split_part(key_arn, ':key/', 2) NOT LIKE 'mrk-%' THEN 'PendingDeletion' END
        WHEN 'DeleteKey' THEN 'Deleted'
      END ORDER BY last_time, event_name
    ) FILTER (WHERE event_name <> 'ReplicateKey') AS state
  FROM (
    SELECT key_arn, key_role, event_name, outcome, first_time, last_time
    FROM uses_daily
    UNION ALL
    -- What was counted of days goes before what was counted of months.
    SELECT CASE WHEN key LIKE 'arn:%:kms:%:key/%' THEN key END, key_role, event_name, outcome, first_time, last_time
    FROM usage_monthly
    WHERE last_time < retention_horizon('usage_daily')
  )
  WHERE outcome = 'success' AND key_arn IS NOT NULL
    AND (
      event_name IN (
        'CreateKey', 'EnableKey', 'DisableKey', 'ScheduleKeyDeletion', 'CancelKeyDeletion', 'DeleteKey',
        'ImportKeyMaterial', 'DeleteImportedKeyMaterial', 'DeleteExpiredKeyMaterial'
      )
      OR (event_name = 'ReplicateKey' AND key_role = 'destination')
    )
  GROUP BY key_arn
),

last_states AS (
  SELECT *
  FROM (
    SELECT key_arn, event_time, event_id, content_hash, source, state, false AS is_counted
    FROM states
    UNION ALL
    SELECT key_arn, event_time, NULL, NULL, 'operation' AS source, state, true AS is_counted
    FROM states_counted
    WHERE state IS NOT NULL
  )
  QUALIFY row_number() OVER (PARTITION BY key_arn ORDER BY event_time DESC, is_counted, event_id DESC, content_hash DESC) = 1
),

-- A refusal that repeats what ScheduleKeyDeletion began leaves its date.
schedules AS (
  SELECT
    key_arn,
    last_value(coalesce(deletion_date, event_time + CAST(pending_window_days || ' days' AS INTERVAL)) ORDER BY event_time, event_id, content_hash)
      FILTER (WHERE state = 'PendingDeletion') AS deletion_date
  FROM states
  WHERE source = 'operation'
  GROUP BY key_arn
),

last_uses AS (
  SELECT key_arn, max(last_time) AS last_use, max(last_time) FILTER (WHERE is_repeated IS NULL) AS proven_use
  FROM uses_daily
  WHERE kind = 'use' AND outcome = 'success' AND key_arn IS NOT NULL
  GROUP BY key_arn
),

-- Whether the last use tells a later state than the last operation or refusal.
keys_with_states AS (
  SELECT
    names.*,
    last_uses.last_use, last_uses.proven_use,
    last_states.state AS told_state, last_states.source, last_states.event_time AS told_state_time,
    CASE
      WHEN last_states.state IS NULL THEN last_uses.proven_use IS NOT NULL
      WHEN last_states.state = 'Deleted' THEN false
      ELSE coalesce(last_uses.proven_use > last_states.event_time + INTERVAL '10 minutes', false)
    END AS is_told_by_use
  FROM key_names AS names
  LEFT JOIN last_uses ON last_uses.key_arn = names.key_arn
  LEFT JOIN last_states ON last_states.key_arn = names.key_arn
)

SELECT
  keys_with_states.key_arn,
  keys_with_states.account,
  keys_with_states.region,
  keys_with_states.aliases,
  CASE WHEN keys_with_states.is_told_by_use THEN 'Enabled' ELSE keys_with_states.told_state END AS state,
  CASE WHEN keys_with_states.is_told_by_use THEN keys_with_states.proven_use ELSE keys_with_states.told_state_time END AS state_time,
  CASE WHEN keys_with_states.is_told_by_use THEN 'use' ELSE keys_with_states.source END AS state_source,
  coalesce(keys_made.created_time, states_counted.created_time) AS created_time,
  keys_made.created_by,
  CASE WHEN NOT keys_with_states.is_told_by_use AND keys_with_states.told_state = 'PendingDeletion' THEN schedules.deletion_date END AS deletion_date,
  keys_made.spec,
  keys_made.usage,
  keys_made.origin,
  keys_made.custom_key_store_id,
  keys_made.created_time AS settings_time,
  keys_with_states.is_multi_region,
  keys_with_states.key_set,
  descriptions.description,
  descriptions.description_time,
  descriptions.rotation,
  descriptions.rotation_time,
  descriptions.rotated_time,
  descriptions.policy_time,
  keys_with_states.last_use,
  keys_with_states.is_proven,
  keys_with_states.first_time,
  keys_with_states.last_time
FROM keys_with_states
LEFT JOIN keys_made ON keys_made.key_arn = keys_with_states.key_arn
LEFT JOIN descriptions ON descriptions.key_arn = keys_with_states.key_arn
LEFT JOIN states_counted ON states_counted.key_arn = keys_with_states.key_arn
LEFT JOIN schedules ON schedules.key_arn = keys_with_states.key_arn
