-- id: resources_by_key
-- title: The roll-up of resources with its keys resolved
-- description: key_resources with key_arn: the key's own ARN, else the key that the typed id means in the
--   caller's account, else each key that the typed alias pointed to within the row's times, else null. An id
--   or an alias name that means keys in several regions gives a row for each: the roll-up keeps no region.
-- depends: typed_names

WITH summed AS (
  SELECT
    key, service, resource, direction, caller_account_id,
    sum(count) AS count,
    min(first_time) AS first_time,
    max(last_time) AS last_time
  FROM key_resources
  GROUP BY key, service, resource, direction, caller_account_id
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
