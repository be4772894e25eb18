-- id: grants
-- title: Grants in the logs
-- description: One row per grant and key, from successful CreateGrant, RetireGrant and RevokeGrant calls and from calls
--   that used the grant. A grant created before the first log appears only if its end or a use is logged. A
--   cross-account call counts once.
-- column grant_id: ID of the grant
-- column key_arn: ARN of the key; null if no call gives it
-- column key_as_typed: what a caller typed for the key; null if `key_arn` is known
-- column created_time: first successful CreateGrant (repeated with the same name, KMS returns the same grant); null if
--   none is logged: the grant is older than the first log, or the log of its account is not in the store
-- column created_by: caller of that CreateGrant
-- column created_in_session: session name of that caller
-- column invoked_by: AWS service that made that call for the caller
-- column grantee: principal or service (`lightsail.amazonaws.com`) that the grant gives permissions to, as requested
-- column retiring_principal: principal or service that may retire the grant, as requested
-- column operations: operations that the grant allows, comma-separated
-- column encryption_context: encryption context that the grant requires of a call, as JSON; null if none
-- column source_arn: resource that a service must make the call for; null if none
-- column name: name of the grant, as requested
-- column ended_time: first successful RetireGrant or RevokeGrant; null if none is logged
-- column ended_by: caller of that call
-- column ended_as: `retired` or `revoked`; null if neither is logged
-- column key_deleted_time: when the key was deleted, and the grant with it; null if no log shows it
-- column uses: number of successful calls that used the grant
-- column last_use: time of the last of them
-- column first_time: first successful call that names the grant
-- column last_time: last successful call that names the grant
-- depends: key_uses

WITH calls AS (
  SELECT
    grant_id, key_as_typed, event_time, event_name, caller, session_name, invoked_by, request, encryption_context,
    event_id, content_hash,
    -- Each grant belongs to one key: a call that tells its key only as typed joins those that tell its ARN.
    CASE
      WHEN key_arn IS NOT NULL THEN key_arn
      WHEN min(key_arn) OVER (PARTITION BY grant_id) = max(key_arn) OVER (PARTITION BY grant_id)
        THEN min(key_arn) OVER (PARTITION BY grant_id)
    END AS key_arn,
    CASE
      WHEN event_name = 'CreateGrant' THEN 'made'
      WHEN event_name IN ('RetireGrant', 'RevokeGrant') THEN 'ended'
      ELSE 'used'
    END AS part
  FROM key_uses
  WHERE grant_id IS NOT NULL AND outcome = 'success' AND NOT is_dry_run
),

-- Place 1 is the first of its part.
calls_in_order AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY grant_id, key_arn, part ORDER BY event_time, event_id, content_hash) AS place
  FROM calls
),

grants_told AS (
  SELECT
    grant_id,
    key_arn,
    max(key_as_typed) AS key_as_typed,
    min(event_time) FILTER (WHERE part = 'made') AS created_time,
    max(caller) FILTER (WHERE part = 'made' AND place = 1) AS created_by,
    max(session_name) FILTER (WHERE part = 'made' AND place = 1) AS created_in_session,
    max(invoked_by) FILTER (WHERE part = 'made' AND place = 1) AS invoked_by,
    max(request) FILTER (WHERE part = 'made' AND place = 1) AS request,
    max(encryption_context) FILTER (WHERE part = 'made' AND place = 1) AS encryption_context,
    min(event_time) FILTER (WHERE part = 'ended') AS ended_time,
    max(caller) FILTER (WHERE part = 'ended' AND place = 1) AS ended_by,
    max(event_name) FILTER (WHERE part = 'ended' AND place = 1) AS ended_with,
    count(*) FILTER (WHERE part = 'used') AS uses,
    max(event_time) FILTER (WHERE part = 'used') AS last_use,
    min(event_time) AS first_time,
    max(event_time) AS last_time
  FROM calls_in_order
  GROUP BY grant_id, key_arn
),

deleted AS (
  SELECT key_arn, min(event_time) AS event_time
  FROM key_uses
  WHERE kind = 'management' AND event_name = 'DeleteKey' AND outcome = 'success' AND NOT is_dry_run AND key_arn IS NOT NULL
  GROUP BY key_arn
)

SELECT
  grants_told.grant_id,
  grants_told.key_arn,
  CASE WHEN grants_told.key_arn IS NULL THEN grants_told.key_as_typed END AS key_as_typed,
  grants_told.created_time,
  grants_told.created_by,
  grants_told.created_in_session,
  grants_told.invoked_by,
  -- No log of a grant to a service has been published: the names are CloudTrail's usual ones, or the API's own.
  coalesce(
    json_text(grants_told.request, '/granteePrincipal'), json_text(grants_told.request, '/granteeServicePrincipal'),
    json_text(grants_told.request, '/GranteePrincipal'), json_text(grants_told.request, '/GranteeServicePrincipal')
  ) AS grantee,
  coalesce(
    json_text(grants_told.request, '/retiringPrincipal'), json_text(grants_told.request, '/retiringServicePrincipal'),
    json_text(grants_told.request, '/RetiringPrincipal'), json_text(grants_told.request, '/RetiringServicePrincipal')
  ) AS retiring_principal,
  replace(
    translate(coalesce(json_text(grants_told.request, '/operations'), json_text(grants_told.request, '/Operations')), '[] "', ''),
    ',', ', '
  ) AS operations,
  grants_told.encryption_context,
  coalesce(
    json_text(grants_told.request, '/constraints/sourceArn'), json_text(grants_told.request, '/constraints/SourceArn'),
    json_text(grants_told.request, '/Constraints/SourceArn'), json_text(grants_told.request, '/Constraints/sourceArn')
  ) AS source_arn,
  json_text(grants_told.request, '/name') AS name,
  grants_told.ended_time,
  grants_told.ended_by,
  CASE grants_told.ended_with WHEN 'RetireGrant' THEN 'retired' WHEN 'RevokeGrant' THEN 'revoked' END AS ended_as,
  deleted.event_time AS key_deleted_time,
  grants_told.uses,
  grants_told.last_use,
  grants_told.first_time,
  grants_told.last_time
FROM grants_told
LEFT JOIN deleted ON deleted.key_arn = grants_told.key_arn
