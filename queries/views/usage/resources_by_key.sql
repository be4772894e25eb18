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

WITH counted AS (
  SELECT key, service, resource, direction, caller_account_id, count, first_time, last_time
  FROM key_resources
  UNION ALL
  SELECT
    key, service, resource, direction, caller_account_id, -count AS count,
    arrow_cast(NULL, 'Timestamp(Microsecond, Some("UTC"))') AS first_time,
    arrow_cast(NULL, 'Timestamp(Microsecond, Some("UTC"))') AS last_time
  FROM replaced_resources
),

summed AS (
  SELECT
    key, service, resource, direction, caller_account_id,
    sum(count) AS count,
    min(first_time) AS first_time,
    max(last_time) AS last_time
  FROM counted
  GROUP BY key, service, resource, direction, caller_account_id
  HAVING sum(count) > 0
)

SELECT *, key AS key_arn
FROM summed
WHERE key LIKE 'arn:%:kms:%:key/%'
UNION ALL
SELECT DISTINCT summed.*, names.key_arn
FROM summed
LEFT JOIN typed_names AS names
  ON names.name = summed.key
  AND (names.account IS NULL OR names.account = summed.caller_account_id)
  AND (names.valid_from IS NULL OR names.valid_from <= summed.last_time)
  AND (names.valid_to IS NULL OR names.valid_to > summed.first_time)
WHERE summed.key NOT LIKE 'arn:%:kms:%:key/%'
