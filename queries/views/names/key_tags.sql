-- id: key_tags
-- title: Tags of keys, over time
-- description: One row per key, tag and period. Replayed from successful CreateKey, ReplicateKey (the tags of the
--   replica), TagResource and UntagResource calls. A tag set before the first log in the store appears only when it is
--   changed or removed.
-- column key_arn: ARN of the key
-- column tag_name: name of the tag
-- column tag_value: value of the tag; null if it was set before the first log
-- column valid_from: start of the period; null if the tag was set before the first log
-- column valid_to: end of the period, exclusive; null if no later change is known

WITH statements AS (
  SELECT
    CASE WHEN event_name = 'ReplicateKey' THEN destination_key_arn ELSE key_arn END AS key_arn,
    event_name, event_time, event_id, request
  FROM kms_events
  WHERE event_name IN ('CreateKey', 'ReplicateKey', 'TagResource', 'UntagResource')
    AND outcome = 'success' AND NOT is_dry_run AND request IS NOT NULL
),

changes AS (
  SELECT
    key_arn, event_time, event_id,
    event_name <> 'UntagResource' AS is_set,
    unnest(tag_names(request)) AS tag_name,
    unnest(tag_values(request)) AS tag_value
  FROM statements
  WHERE key_arn IS NOT NULL
),

periods AS (
  SELECT
    key_arn, tag_name, tag_value, is_set, event_time,
    row_number() OVER (PARTITION BY key_arn, tag_name ORDER BY event_time, is_set, event_id) AS place,
    lead(event_time) OVER (PARTITION BY key_arn, tag_name ORDER BY event_time, is_set, event_id) AS next_time
  FROM changes
)

SELECT key_arn, tag_name, tag_value, event_time AS valid_from, next_time AS valid_to
FROM periods
WHERE is_set
UNION ALL
SELECT
  key_arn, tag_name, CAST(NULL AS VARCHAR) AS tag_value,
  no_time() AS valid_from, event_time AS valid_to
FROM periods
WHERE NOT is_set AND place = 1
