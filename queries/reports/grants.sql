-- id: grants
-- title: Grants, open and ended
-- description: One row per grant in the logs, with its state at the end of the window. Grants do not expire: an open
--   one works until someone retires or revokes it. AWS services create long-lived grants by design (via); look for
--   grantees in other accounts and for grants that allow CreateGrant. A grant that was created before the first log,
--   and neither ended nor used with its ID in the log since, is not listed, so KMS may have more. Filters select grants
--   by any call on them: its key, its account, its caller.
-- column state: `open`, `retired`, `revoked`, or `gone` if its key was deleted
-- column key: ARN of the key, else what was typed
-- column grantee: principal or service that the grant gives permissions to
-- column allows: operations that it allows, with the encryption context that a call must have (`for`) and the resource
--   that a service must make it for (`from`)
-- column made_time: when it was created; null if that is not logged
-- column made_by: caller that created it; null if that is not logged
-- column via: AWS service that created it for the caller
-- column retiring_principal: principal or service that may retire it
-- column ended_time: when it was retired or revoked, or its key deleted; null if open
-- column ended_by: caller that retired or revoked it
-- column grant_id: ID of the grant
-- caveat:
--   SELECT
--     'no-grant' AS code,
--     count(*) AS count,
--     counted(
--       count(*), 'call that makes or ends a grant does not name it', 'calls that make or end a grant do not name it'
--     ) || '; left out' AS text
--   FROM scope_uses_ever
--   WHERE event_name IN ('CreateGrant', 'RetireGrant', 'RevokeGrant') AND outcome = 'success' AND NOT is_dry_run
--     AND grant_id IS NULL AND ($until IS NULL OR event_time < $until)
--   HAVING count(*) > 0

WITH grants_asked AS (
  SELECT *
  FROM grants
  WHERE ($until IS NULL OR first_time < $until)
    AND grant_id IN (SELECT grant_id FROM scope_uses_ever WHERE grant_id IS NOT NULL)
),

grants_with_state AS (
  SELECT
    *,
    CASE
      WHEN ended_time IS NOT NULL AND ($until IS NULL OR ended_time < $until) THEN ended_as
      WHEN key_deleted_time IS NOT NULL AND ($until IS NULL OR key_deleted_time < $until) THEN 'gone'
      ELSE 'open'
    END AS state
  FROM grants_asked
)

SELECT
  state,
  coalesce(key_arn, key_as_typed) AS key,
  grantee,
  operations || coalesce(' for ' || encryption_context, '') || coalesce(' from ' || source_arn, '') AS allows,
  created_time AS made_time,
  created_by AS made_by,
  invoked_by AS via,
  retiring_principal,
  CASE WHEN state IN ('retired', 'revoked') THEN ended_time WHEN state = 'gone' THEN key_deleted_time END AS ended_time,
  CASE WHEN state IN ('retired', 'revoked') THEN ended_by END AS ended_by,
  grant_id
FROM grants_with_state
ORDER BY state <> 'open', key NULLS LAST, made_time NULLS FIRST, grant_id
