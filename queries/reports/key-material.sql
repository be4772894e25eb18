-- id: key-material
-- title: Key material versions in use
-- description: One row per key and version of its key material, with the successful operations that used it. Rotation
--   adds a version and keeps the key. A former version that still decrypts protects data that was never re-encrypted;
--   only ReEncrypt moves data to a new version. A version without operations is known from a rotation or import only,
--   and that no log shows a use does not prove that no data needs it. KMS logs the version for symmetric keys only, and
--   only in recent logs. An operation counts once, also if it is cross-account; dry runs are left out.
-- column key_arn: ARN of the key
-- column key_material_id: ID of the version
-- column state: `current` for the version that encrypted last or that the last rotation created, `former` for any
--   other; null if neither is known for the key
-- column encrypts: number of operations that encrypt or create data keys (Encrypt, GenerateDataKey, the destination of
--   a ReEncrypt, …)
-- column decrypts: number of operations that need what was encrypted before (Decrypt, the source of a ReEncrypt, …)
-- column last_decrypt: last of these
-- column callers: number of callers that used the version
-- caveat:
--   SELECT
--     'no-version' AS code,
--     count(*) AS count,
--     counted(count(*), 'use names', 'uses name') || ' no version of the key material' AS text
--   FROM scope_uses
--   WHERE kind = 'use' AND outcome = 'success' AND NOT is_dry_run AND key_material_id IS NULL
--   HAVING count(*) > 0
-- caveat:
--   SELECT code, count, text FROM scope_unknown_operations

WITH uses AS (
  SELECT
    key_arn, key_material_id, caller,
    crypto_direction(event_name) = 'decrypt' AND key_role <> 'destination' AS is_decrypt,
    count(*) AS uses,
    max(event_time) AS event_time
  FROM scope_uses
  WHERE kind = 'use' AND outcome = 'success' AND NOT is_dry_run AND key_material_id IS NOT NULL
  GROUP BY 1, 2, 3, 4
),

-- What a rotation or an import tells of versions.
changes AS (
  SELECT
    scope_uses_ever.key_arn, scope_uses_ever.event_name, scope_uses_ever.event_time,
    coalesce(json_text(events.extra, '/serviceEventDetails/currentKeyMaterialId'), scope_uses_ever.key_material_id) AS key_material_id,
    json_text(events.extra, '/serviceEventDetails/previousKeyMaterialId') AS previous_id
  FROM scope_uses_ever
  JOIN kms_events AS events
    ON events.event_id = scope_uses_ever.event_id AND events.content_hash = scope_uses_ever.content_hash
  WHERE scope_uses_ever.event_name IN ('RotateKey', 'ImportKeyMaterial')
    AND scope_uses_ever.outcome = 'success' AND NOT scope_uses_ever.is_dry_run
    AND ($until IS NULL OR scope_uses_ever.event_time < $until)
),

uses_and_changes AS (
  SELECT
    key_arn, key_material_id, caller, event_time, uses,
    CASE WHEN is_decrypt THEN 'decrypt' ELSE 'encrypt' END AS fact
  FROM uses
  UNION ALL
  SELECT
    key_arn, key_material_id, NULL AS caller, event_time, 0 AS uses,
    CASE event_name WHEN 'RotateKey' THEN 'rotation' ELSE 'import' END AS fact
  FROM changes
  WHERE key_material_id IS NOT NULL
  UNION ALL
  SELECT key_arn, previous_id AS key_material_id, NULL AS caller, event_time, 0 AS uses, 'previous' AS fact
  FROM changes
  WHERE previous_id IS NOT NULL
),

versions AS (
  SELECT
    key_arn, key_material_id,
    coalesce(sum(uses) FILTER (WHERE fact = 'encrypt'), 0) AS encrypts,
    coalesce(sum(uses) FILTER (WHERE fact = 'decrypt'), 0) AS decrypts,
    count(DISTINCT caller) AS callers,
    max(event_time) FILTER (WHERE fact = 'decrypt') AS last_decrypt,
    max(event_time) FILTER (WHERE fact = 'rotation') AS rotated_time,
    max(event_time) FILTER (WHERE fact IN ('encrypt', 'rotation')) AS made_current
  FROM uses_and_changes
  GROUP BY key_arn, key_material_id
),

versions_by_age AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY key_arn ORDER BY made_current DESC NULLS LAST, rotated_time DESC NULLS LAST, key_material_id) AS place,
    max(made_current) OVER (PARTITION BY key_arn) IS NULL AS is_untold
  FROM versions
)

SELECT
  key_arn,
  key_material_id,
  CASE WHEN is_untold THEN NULL WHEN place = 1 THEN 'current' ELSE 'former' END AS state,
  encrypts,
  decrypts,
  last_decrypt,
  callers
FROM versions_by_age
ORDER BY key_arn NULLS LAST, place, key_material_id
