-- id: state_calls
-- title: Calls that show the state of a key
-- description: Rows of key_uses by which the life of a key is known: successful calls that made or changed it, and uses
--   that were refused because of its state.
-- internal: keys reads them several times
-- depends: key_uses
-- kept: they are few among all operations

SELECT
  key_arn, key_role, event_time, event_name, outcome, caller, request, response, error_message, deletion_date,
  pending_window_days, event_id, content_hash
FROM key_uses
WHERE key_arn IS NOT NULL AND NOT is_dry_run
  AND (
    (outcome = 'unusable_key' AND kind = 'use')
    OR (
      kind = 'management' AND outcome = 'success'
      AND event_name IN (
        'CreateKey', 'ReplicateKey', 'EnableKey', 'DisableKey', 'ScheduleKeyDeletion', 'CancelKeyDeletion', 'DeleteKey',
        'ImportKeyMaterial', 'DeleteImportedKeyMaterial', 'DeleteExpiredKeyMaterial', 'UpdateKeyDescription',
        'EnableKeyRotation', 'DisableKeyRotation', 'RotateKey', 'RotateKeyOnDemand', 'PutKeyPolicy'
      )
    )
  )
