-- id: encryption-context
-- title: Which encryption contexts are in use
-- description: For each key the names of the encryption contexts of its successful operations, with how many
--   operations had the name, how many different values, and the values where these are at most five. A row without a
--   name counts the operations on the key that gave no context at all (an asymmetric key never has one). Only operations that can have one count:
--   Encrypt, Decrypt, GenerateDataKey and its kin, and each side of a ReEncrypt with its own context. A context is no secret, it
--   stands in every log; it binds a ciphertext to its purpose, and a policy or a grant can demand it.
--   An operation counts once, cross-account too, a corrected record through its correction; dry runs are left
--   out. label is cloudtrail_delivery for CloudTrail writing its own logs and self for keytrail's own calls.
-- caveat:
--   SELECT 'successful uses that tell no known key, told here under what was typed, or under none: ' || count(*)
--   FROM scope_uses
--   WHERE kind = 'use' AND outcome = 'success' AND NOT is_dry_run AND key_arn IS NULL
--   HAVING count(*) > 0
-- caveat:
--   SELECT text FROM scope_unknown_operations

WITH contexts AS (
  SELECT
    coalesce(key_arn, key_as_typed) AS key, use_label AS label, encryption_context,
    count(*) AS uses,
    max(event_time) AS last_time
  FROM scope_uses
  WHERE kind = 'use' AND outcome = 'success' AND NOT is_dry_run
    AND operation_has(event_name, 'context')
  GROUP BY coalesce(key_arn, key_as_typed), use_label, encryption_context
),

names_of_contexts AS (
  SELECT
    key, label, encryption_context, uses, last_time,
    unnest(
      CASE WHEN cardinality(json_names(encryption_context)) > 0 THEN json_names(encryption_context) ELSE make_array(NULL) END
    ) AS name
  FROM contexts
),

-- One row for each value; the name is escaped as a pointer wants it.
values_of_names AS (
  SELECT
    key, label, name,
    json_text(encryption_context, '/' || replace(replace(name, '~', '~0'), '/', '~1')) AS value,
    sum(uses) AS uses,
    max(last_time) AS last_time
  FROM names_of_contexts
  GROUP BY 1, 2, 3, 4
)

SELECT
  key,
  name,
  sum(uses) AS uses,
  count(value) AS "values",
  CASE WHEN count(value) <= 5 THEN counts(value, uses) END AS value_list,
  max(last_time) AS last_time,
  label
FROM values_of_names
GROUP BY key, label, name
ORDER BY label NULLS FIRST, key NULLS LAST, name NULLS LAST
