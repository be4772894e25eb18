-- id: trail_changes
-- title: What was changed of trails
-- description: One row per successful call in trail_events that begins, ends or changes the logging of a trail.
--   trail_arn is the answer's, else what the call names, completed with the account and region of the record: these calls are
--   made, and logged, in the trail's home region. kms_reads tells what the trail logs of KMS from then
--   on, as kms_read_logging tells it, `unknown` where the record does not tell; null where the call
--   leaves the selectors alone. account is the one whose log holds the call: a delegated administrator of an organization
--   changes its trails from another account than theirs. is_logging is null where the call leaves logging alone.
--   is_recording tells whether the trail surely logs calls that change trails and regions from then on; null where the call leaves the
--   selectors alone. is_verified and is_changed are those of the object that holds the call, as in read_objects.
-- depends: read_objects
-- kept: coverage asks it of every trail many times, and they are few

WITH calls AS (
  SELECT
    event_time, event_name, request, response, recipient_account_id, region, event_id, content_hash, object_id,
    coalesce(json_text(request, '/trailName'), json_text(request, '/name')) AS named
  FROM trail_events
  WHERE event_source = 'cloudtrail.amazonaws.com' AND outcome = 'success'
    AND event_name IN ('CreateTrail', 'UpdateTrail', 'DeleteTrail', 'StartLogging', 'StopLogging', 'PutEventSelectors')
)

SELECT
  recipient_account_id AS account,
  coalesce(
    json_text(response, '/trailARN'),
    CASE WHEN named LIKE 'arn:%' THEN named END,
    'arn:aws'
      || CASE WHEN region LIKE 'cn-%' THEN '-cn' WHEN region LIKE 'us-gov-%' THEN '-us-gov' ELSE '' END
      || ':cloudtrail:' || region || ':' || recipient_account_id || ':trail/' || named
  ) AS trail_arn,
  event_time AS changed_at,
  event_name,
  CASE event_name
    WHEN 'PutEventSelectors' THEN coalesce(kms_read_logging(request), 'unknown')
    -- A new trail logs all management events until it is told otherwise.
    WHEN 'CreateTrail' THEN 'read_write'
  END AS kms_reads,
  CASE event_name
    WHEN 'PutEventSelectors'
      THEN coalesce(
        logs_writes(request, 'cloudtrail.amazonaws.com') AND logs_writes(request, 'account.amazonaws.com'), false
      )
    WHEN 'CreateTrail' THEN true
  END AS is_recording,
  CASE
    WHEN event_name = 'StartLogging' THEN true
    WHEN event_name IN ('StopLogging', 'DeleteTrail', 'CreateTrail') THEN false
  END AS is_logging,
  event_id,
  content_hash,
  coalesce(is_verified, false) AS is_verified,
  coalesce(is_changed, false) AS is_changed
FROM calls
LEFT JOIN (
  SELECT object_id, bool_or(is_verified) AS is_verified, bool_or(is_changed) AS is_changed
  FROM read_objects
  GROUP BY object_id
) AS objects ON objects.object_id = calls.object_id
