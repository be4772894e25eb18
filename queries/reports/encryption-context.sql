-- id: encryption-context
-- title: Encryption contexts in use
-- description: Names and values in the encryption contexts of successful operations, by key. Only operations that take
--   a context count: Encrypt, Decrypt, the GenerateDataKey operations, and each side of a ReEncrypt with its own
--   context. A context is not secret (every log has it); it ties a ciphertext to its purpose, and a policy or grant can
--   require it. An operation counts once, also if it is cross-account; a correction replaces the record that it
--   corrects; dry runs are left out.
-- column key: ARN of the key, else what was typed; null if neither is known
-- column name: name in the encryption context; null for operations without any context, which asymmetric keys never
--   have
-- column uses: number of operations with this name
-- column values: number of different values
-- column value_list: the values with their counts, most frequent first; null if there are more than five
-- column last_time: last of these operations
-- column label: `cloudtrail_delivery` for CloudTrail encrypting its own logs, `self` for keytrail's own calls, else
--   null
-- caveat:
--   SELECT
--     'unresolved' AS code,
--     count(*) AS count,
--     counted(count(*), 'use names', 'uses name') || ' no known key; listed under the key as typed, or none' AS text
--   FROM scope_uses
--   WHERE kind = 'use' AND outcome = 'success' AND NOT is_dry_run AND key_arn IS NULL
--   HAVING count(*) > 0
-- caveat:
--   SELECT code, count, text FROM scope_unknown_operations

WITH names_of_contexts AS (
  SELECT
    coalesce(key_arn, key_as_typed) AS key, use_label AS label, encryption_context, event_time,
    unnest(
      CASE WHEN cardinality(json_names(encryption_context)) > 0 THEN json_names(encryption_context) ELSE make_array(NULL) END
    ) AS name
  FROM scope_uses
  WHERE kind = 'use' AND outcome = 'success' AND NOT is_dry_run
    AND operation_has(event_name, 'context')
),

-- The name is escaped as a pointer wants it.
values_of_names AS (
  SELECT
    key, label, name, event_time,
    json_text(encryption_context, '/' || replace(replace(name, '~', '~0'), '/', '~1')) AS value
  FROM names_of_contexts
)

SELECT
  key,
  name,
  count(*) AS uses,
  distinct_texts(value) AS "values",
  few_counts(value, 1, 5) AS value_list,
  max(event_time) AS last_time,
  label
FROM values_of_names
GROUP BY key, label, name
ORDER BY label NULLS FIRST, key NULLS LAST, name NULLS LAST
