-- id: key_resources
-- title: Resources by key
-- description: The rows that events add to the table key_resources: its columns, in its order. Reads new_kms_events,
--   rows of kms_events. Successful cryptographic operations and CreateGrant count; dry runs and VPC endpoint records of
--   calls that KMS logged too do not. An unknown operation counts as well (direction unknown): it may depend on the
--   key, and no later version could find out from the counts. Each resource in the encryption contexts gives a row; S3
--   objects are grouped by bucket, which counts once per event. The source key of a ReEncrypt decrypts and its
--   destination key encrypts: a resource in only one of the two contexts belongs to that side, any other to both.
--   service is that of the resource itself, else the event's. The rows are a set: the writer sorts them.

WITH calls AS (
  SELECT
    event_id, recipient_account_id, content_hash, event_name, service, caller_account_id, event_time, resource_list,
    coalesce(key_arn, key_as_typed) AS key,
    coalesce(destination_key_arn, destination_key_as_typed) AS destination_key,
    CASE
      WHEN event_name = 'CreateGrant' THEN 'grant'
      WHEN operation_kind(event_name) = 'unknown' THEN 'unknown'
      ELSE crypto_direction(event_name)
    END AS direction,
    -- Only a ReEncrypt has two sides. Its contexts are read once an event, never copied to each resource.
    CASE WHEN event_name = 'ReEncrypt' THEN context_resources(encryption_context) END AS source_resources,
    CASE WHEN event_name = 'ReEncrypt' THEN context_resources(destination_encryption_context) END AS destination_resources
  FROM new_kms_events
  WHERE outcome = 'success' AND NOT is_dry_run AND NOT is_network(event_type, outcome)
),

sides AS (
  SELECT
    event_id, recipient_account_id, content_hash, key, direction, service, caller_account_id, event_time,
    CASE
      WHEN event_name = 'ReEncrypt'
        THEN array_except(resource_list, array_except(destination_resources, source_resources))
      ELSE resource_list
    END AS resources
  FROM calls
  WHERE direction IS NOT NULL AND key IS NOT NULL
  UNION ALL
  SELECT
    event_id, recipient_account_id, content_hash, destination_key AS key, 'encrypt' AS direction,
    service, caller_account_id, event_time,
    array_except(resource_list, array_except(source_resources, destination_resources)) AS resources
  FROM calls
  WHERE event_name = 'ReEncrypt' AND destination_key IS NOT NULL
),

mentions AS (
  SELECT
    event_id, recipient_account_id, content_hash, key, direction, service, caller_account_id, event_time,
    unnest(resources) AS resource
  FROM sides
),

resources_of_calls AS (
  SELECT DISTINCT
    event_id, recipient_account_id, content_hash, key,
    CASE
      WHEN resource LIKE 'arn:%' AND split_part(resource, ':', 3) <> ''
        THEN split_part(resource, ':', 3) || '.amazonaws.com'
      WHEN split_part(resource, ':', 1) LIKE '%.amazonaws.com' THEN split_part(resource, ':', 1)
      ELSE service
    END AS service,
    bucket_of(resource) AS resource,
    direction, caller_account_id, event_time
  FROM mentions
  WHERE resource IS NOT NULL
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
FROM resources_of_calls
GROUP BY key, service, resource, direction, caller_account_id
