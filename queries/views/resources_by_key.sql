-- id: resources_by_key
-- title: The roll-up of resources with its keys resolved
-- description: key_resources with key_arn: the key's own ARN, else the key that the typed id means in the
--   caller's account, else each key that the typed alias pointed to within the row's times, else null. An id
--   or an alias name that means keys in several regions gives a row for each: the roll-up keeps no region.
--   Records that a correction replaces are taken off while they are held; first_time and last_time may still be theirs.
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
