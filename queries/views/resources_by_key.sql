-- id: resources_by_key
-- title: The roll-up of resources with its keys resolved
-- description: key_resources with key_arn: the key's own ARN, else the key that the typed id means in the
--   caller's account, else each key that the typed alias pointed to within the row's times, else null. An id
--   or an alias name that means keys in several regions gives a row for each: the roll-up keeps no region.
--   Records that a correction replaces are taken off while they are held; first_time and last_time may still be theirs.
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
