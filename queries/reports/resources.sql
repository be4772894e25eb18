-- id: resources
-- title: Which resources depend on which keys
-- description: For each key the resources that were encrypted, decrypted or granted under it, as the encryption
--   contexts of its successful operations name them: S3 objects folded to their bucket, EBS volumes and
--   snapshots, secrets, parameters, tables, databases, functions, … --resource gives the keys that one resource
--   depends on. A resource that needs a key shows itself only when KMS is called for it: one that nobody has
--   read or written since the first log held is not here, and one that no longer exists may be. operations counts
--   records, of both accounts where a cross-account call is in two logs. Read from the roll-up key_resources,
--   which outlives the events and keeps no days: rows are those whose times reach into the window, and their
--   counts and times are not cut there. Where a caller typed an id or an alias and the event told no ARN, each key that
--   it may have meant is told; key is what was typed where no known key was meant. accounts are those of the
--   callers.
-- param resource: resource. Only this resource: its ARN, or the end of it (vol-…, a bucket, a table).
-- caveat:
--   SELECT 'S3 is told by bucket: with an S3 Bucket Key one call to KMS stands for any number of objects, and no log '
--     || 'tells which of them need the key'
--   FROM scope_resources
--   WHERE resource LIKE 'arn:%:s3:::%'
--     AND ($resource IS NULL OR split_part($resource, '/', 1) = resource OR resource LIKE '%:' || split_part($resource, '/', 1))
--   HAVING count(*) > 0
-- caveat:
--   SELECT 'successful uses in the window whose encryption context names no resource, or that have none: ' || sum(uses)
--   FROM (
--     SELECT count(*) AS uses
--     FROM scope_uses
--     WHERE kind = 'use' AND outcome = 'success' AND NOT is_dry_run AND use_label IS NULL AND resource IS NULL
--   )
--   WHERE $resource IS NULL
--   HAVING sum(uses) > 0
-- caveat:
--   SELECT text FROM scope_unknown_operations

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
