-- id: key_resources
-- title: Which resources depend on which key
-- description: The rows that events add to the table key_resources: its columns, in its order.
--   Read from the relation new_kms_events, rows of kms_events. Successful cryptographic operations
--   and CreateGrant count, dry runs do not. Each resource that the encryption contexts name gives a
--   row; the objects of an S3 bucket are folded to the bucket, which counts once an event.
--   The source key of a ReEncrypt decrypts and its destination key encrypts: a resource that only one
--   of the two contexts names belongs to that side, any other to both.
--   service is read from the resource itself, else it is the event's.
--   The rows are a set: whoever writes them sorts them.

WITH named AS (
  SELECT
    *,
    coalesce(key_arn, key_as_typed) AS key,
    coalesce(destination_key_arn, destination_key_as_typed) AS destination_key,
    CASE
      WHEN event_name IN (
        'Encrypt', 'GenerateDataKey', 'GenerateDataKeyPair', 'GenerateDataKeyPairWithoutPlaintext',
        'GenerateDataKeyWithoutPlaintext', 'GenerateMac', 'Sign'
      ) THEN 'encrypt'
      WHEN event_name IN ('Decrypt', 'DeriveSharedSecret', 'ReEncrypt', 'Verify', 'VerifyMac') THEN 'decrypt'
      WHEN event_name = 'CreateGrant' THEN 'grant'
    END AS direction
  FROM new_kms_events
  WHERE outcome = 'success' AND NOT is_dry_run
),

mentions AS (
  SELECT
    event_id, recipient_account_id, content_hash, event_name, key, destination_key, direction,
    service, caller_account_id, event_time,
    -- Only a ReEncrypt has two sides; any other context would be copied once for each resource in vain.
    CASE WHEN event_name = 'ReEncrypt' THEN encryption_context END AS source_context,
    CASE WHEN event_name = 'ReEncrypt' THEN destination_encryption_context END AS destination_context,
    unnest(resource_list) AS resource
  FROM named
  WHERE direction IS NOT NULL
),

placed AS (
  SELECT
    *,
    -- A resource is in a context as it stands there, or by the last part of the name made from it.
    coalesce(
      strpos(source_context, '"' || resource || '"') > 0
      OR strpos(source_context, '"' || regexp_replace(resource, '^.*[:/]', '') || '"') > 0, false
    ) AS is_in_source,
    coalesce(
      strpos(destination_context, '"' || resource || '"') > 0
      OR strpos(destination_context, '"' || regexp_replace(resource, '^.*[:/]', '') || '"') > 0, false
    ) AS is_in_destination
  FROM mentions
  WHERE resource IS NOT NULL
),

sides AS (
  SELECT event_id, recipient_account_id, content_hash, key, direction, service, caller_account_id, event_time, resource
  FROM placed
  WHERE event_name <> 'ReEncrypt' OR is_in_source OR NOT is_in_destination
  UNION ALL
  SELECT
    event_id, recipient_account_id, content_hash, destination_key AS key, 'encrypt' AS direction,
    service, caller_account_id, event_time, resource
  FROM placed
  WHERE event_name = 'ReEncrypt' AND (is_in_destination OR NOT is_in_source)
),

folded AS (
  SELECT DISTINCT
    event_id, recipient_account_id, content_hash, key,
    CASE
      WHEN resource LIKE 'arn:%' AND split_part(resource, ':', 3) <> ''
        THEN split_part(resource, ':', 3) || '.amazonaws.com'
      WHEN split_part(resource, ':', 1) LIKE '%.amazonaws.com' THEN split_part(resource, ':', 1)
      ELSE service
    END AS service,
    CASE
      WHEN resource LIKE 'arn:%:s3:::%' THEN split_part(resource, '/', 1)
      ELSE resource
    END AS resource,
    direction, caller_account_id, event_time
  FROM sides
  WHERE key IS NOT NULL
)

SELECT
  key,
  service,
  resource,
  direction,
  caller_account_id,
  count(*) AS count,
  min(event_time) AS first_time,
  max(event_time) AS last_time
FROM folded
GROUP BY key, service, resource, direction, caller_account_id
