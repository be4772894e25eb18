-- id: trail_changes
-- title: Changes to trails
-- description: One row per successful call in trail_events that starts, stops or changes the logging of a trail. These
--   calls are made, and logged, in the home region of the trail.
-- column account: account whose log has the call: the owner of the trail, or a delegated administrator of its
--   organization
-- column trail_arn: ARN of the trail: from the response, else from the request, completed with the account and region
--   of the record
-- column changed_at: time of the call
-- column event_name: `CreateTrail`, `UpdateTrail`, `DeleteTrail`, `StartLogging`, `StopLogging` or `PutEventSelectors`
-- column kms_reads: what the trail logs of KMS after the call: `read_write`, `write_only`, `excluded`, or `unknown` if
--   the record does not say; null if the call does not change the event selectors
-- column is_recording: whether the trail is certain to log changes to trails and regions after the call; null if the
--   call does not change the event selectors
-- column is_logging: true after StartLogging, false after StopLogging, DeleteTrail and CreateTrail; null if the call
--   neither starts nor stops logging
-- column event_id: ID of the event
-- column content_hash: hash of the event, as in kms_events
-- column is_verified: whether a verified digest lists the log object with the event
-- column is_changed: whether that log object differs from what its digest lists
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
