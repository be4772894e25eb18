-- id: resources
-- title: Resources by key
-- description: For each key, the resources that were encrypted, decrypted or granted under it, from the encryption
--   contexts of its successful operations: S3 buckets, EBS volumes and snapshots, secrets, parameters, tables,
--   databases, functions, … With --param resource, the keys that one resource depends on. A resource appears only if
--   KMS was called for it: one that nobody has read or written since the first log is missing, and one that no longer
--   exists may be listed. Based on counts that outlive the events and keep no days: rows whose times overlap the window
--   are listed in full. If a caller typed an ID or alias and no ARN is known, each key that it may have meant is
--   listed.
-- param resource: resource. Only this resource: its ARN, or the end of it (vol-…, a bucket, a table).
-- column key: ARN of the key, else what was typed
-- column aliases: all aliases that ever pointed to the key, as in key_names
-- column resource: ARN of the resource, else `<service>:<id>`; S3 objects by bucket
-- column operations: number of records of `encrypt`, `decrypt`, `grant` and `unknown` operations; a cross-account call
--   in two logs has two
-- column last_time: last of these records
-- column accounts: accounts of the callers, comma-separated
-- caveat:
--   SELECT
--     'bucket-key' AS code,
--     NULL AS count,
--     'S3 objects are shown as their bucket; with an S3 Bucket Key no log shows which objects need the key' AS text
--   FROM scope_resources
--   WHERE resource LIKE 'arn:%:s3:::%'
--     AND ($resource IS NULL OR split_part($resource, '/', 1) = resource OR resource LIKE '%:' || split_part($resource, '/', 1))
--   HAVING count(*) > 0
-- caveat:
--   SELECT
--     'no-resource' AS code,
--     sum(uses) AS count,
--     counted(sum(uses), 'use has', 'uses have') || ' no resource in the encryption context, or no context' AS text
--   FROM (
--     SELECT count(*) AS uses
--     FROM scope_uses
--     WHERE kind = 'use' AND outcome = 'success' AND NOT is_dry_run AND use_label IS NULL AND resource IS NULL
--   )
--   WHERE $resource IS NULL
--   HAVING sum(uses) > 0
-- caveat:
--   SELECT code, count, text FROM scope_unknown_operations

WITH resources_asked AS (
  SELECT *
  FROM scope_resources
  WHERE $resource IS NULL OR names_resource(resource, $resource)
),

pairs AS (
  SELECT
    key_arn, CASE WHEN key_arn IS NULL THEN key END AS key_as_typed, resource,
    concat_ws(
      ', ',
      'encrypt ' || sum(count) FILTER (WHERE direction = 'encrypt'),
      'decrypt ' || sum(count) FILTER (WHERE direction = 'decrypt'),
      'grant ' || sum(count) FILTER (WHERE direction = 'grant'),
      'unknown ' || sum(count) FILTER (WHERE direction = 'unknown')
    ) AS operations,
    max(last_time) AS last_time,
    min(caller_account_id) AS first_account,
    max(caller_account_id) AS last_account
  FROM resources_asked
  GROUP BY 1, 2, 3
),

-- Most pairs are of one account's callers.
shared_pairs AS (
  SELECT
    key_arn, key_as_typed, resource,
    string_agg(caller_account_id, ', ' ORDER BY caller_account_id) AS accounts
  FROM (
    SELECT DISTINCT
      key_arn, CASE WHEN key_arn IS NULL THEN key END AS key_as_typed, resource, caller_account_id
    FROM resources_asked
    WHERE resource IN (SELECT resource FROM pairs WHERE first_account <> last_account)
  )
  GROUP BY key_arn, key_as_typed, resource
)

SELECT
  coalesce(pairs.key_arn, pairs.key_as_typed) AS key,
  names.aliases,
  pairs.resource,
  pairs.operations,
  pairs.last_time,
  coalesce(shared_pairs.accounts, pairs.first_account) AS accounts
FROM pairs
LEFT JOIN shared_pairs
  ON shared_pairs.resource = pairs.resource
  AND (shared_pairs.key_arn IS NOT DISTINCT FROM pairs.key_arn)
  AND (shared_pairs.key_as_typed IS NOT DISTINCT FROM pairs.key_as_typed)
LEFT JOIN key_names AS names ON names.key_arn = pairs.key_arn
ORDER BY key, pairs.last_time DESC, pairs.resource
