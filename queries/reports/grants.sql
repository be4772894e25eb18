-- id: grants
-- title: Grants, open and ended
-- description: One row per grant that the logs tell of, as it stood at the end of the window: open, retired,
--   revoked, or gone where its key has been deleted. A grant has no end of its own, so an open one works until
--   somebody ends it. made_by is null where the grant was made before the first log held (it is known from
--   its end, or from a use that tells it): a grant that was made before and neither ended nor told since is
--   not here, so the list is not all of KMS's. ended_by says who retired or revoked it. grantee is a
--   principal or a service. allows is the operations, with the encryption context that a call must have (for) and
--   the resource for which a service must make it (from). Services make long-lived grants by
--   design (via): look for grantees of another account and for operations that make grants (CreateGrant).
--   Narrowed by what a call on the grant tells: its key, its account, who made it or ended it.
-- caveat:
--   SELECT 'successful CreateGrant, RetireGrant and RevokeGrant that tell no grant, which are not here: ' || count(*)
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
