-- id: resources_by_key
-- title: Resources by key
-- description: key_resources with the key resolved. If a caller typed an ID or alias and no ARN is known, there is a
--   row for each key that it may have meant: counts keep no region, and an alias may have moved between first_time and
--   last_time. Replaced records are subtracted while their events are in the store.
-- column first_time: the first of them; may be that of a replaced record
-- column last_time: the last of them; may be that of a replaced record
-- column key_arn: ARN of the key: `key` itself, else a key that the typed ID or alias may have meant in the caller's
--   account; null if none is known
-- columns: as in key_resources
-- depends: typed_names, replaced_resources

WITH counts_and_replacements AS (
  SELECT key, service, resource, direction, caller_account_id, count, first_time, last_time
  FROM key_resources
  UNION ALL
  SELECT
    key, service, resource, direction, caller_account_id, -count AS count,
    no_time() AS first_time,
    no_time() AS last_time
  FROM replaced_resources
),

resource_counts AS (
  SELECT
    key, service, resource, direction, caller_account_id,
    sum(count) AS count,
    min(first_time) AS first_time,
    max(last_time) AS last_time
  FROM counts_and_replacements
  GROUP BY key, service, resource, direction, caller_account_id
  HAVING sum(count) > 0
)

SELECT *, key AS key_arn
FROM resource_counts
WHERE key LIKE 'arn:%:kms:%:key/%'
UNION ALL
SELECT DISTINCT resource_counts.*, names.key_arn
FROM resource_counts
LEFT JOIN typed_names AS names
  ON names.name = resource_counts.key
  AND (names.account IS NULL OR names.account = resource_counts.caller_account_id)
  AND (names.valid_from IS NULL OR names.valid_from <= resource_counts.last_time)
  AND (names.valid_to IS NULL OR names.valid_to > resource_counts.first_time)
WHERE resource_counts.key NOT LIKE 'arn:%:kms:%:key/%'
