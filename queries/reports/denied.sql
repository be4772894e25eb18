-- id: denied
-- title: Denied calls, with the policy that denied them
-- description: Calls that KMS denied for lack of permission, by caller, action, key and reason. A denial counts once,
--   also for a call on two keys; a correction replaces the record that it corrects; dry runs are left out. KMS logs a
--   denial to a caller from another account only in the CALLER's account, so denials to accounts whose logs are not in
--   the store are missing.
-- column caller: the caller
-- column action: permission that the error message names, else `kms:` and the operation
-- column key: ARN of the key, from the event or the message, else what was typed; null if neither names one, as for the
--   ciphertext of a key that the caller cannot see
-- column refused_by: kind of policy that the message names, with `(explicit deny)` if it denies the action, so that an
--   Allow elsewhere will not help, or `(no allow)` if no policy of this kind allows it; null if the message does not
--   say
-- column refusals: number of denied calls
-- column last_time: last of these calls
-- column label: `cloudtrail_delivery` for CloudTrail encrypting its own logs, `self` for keytrail's own calls, else
--   null
-- caveat:
--   SELECT
--     'no-policy' AS code,
--     count(*) AS count,
--     counted(count(*), 'refusal does', 'refusals do') || ' not name the kind of policy' AS text
--   FROM scope_uses
--   WHERE outcome = 'denied' AND NOT is_dry_run AND denied_by IS NULL
--   HAVING count(*) > 0
-- caveat:
--   SELECT
--     'dry-runs' AS code,
--     count(*) AS count,
--     counted(count(*), 'refused dry run', 'refused dry runs') || ' not counted' AS text
--   FROM scope_uses
--   WHERE outcome = 'denied' AND is_dry_run
--   HAVING count(*) > 0

WITH denied_calls AS (
  SELECT
    caller, event_name, key_arn, key_as_typed, key_role, other_key_arn, error_message, denied_by, use_label, event_time,
    (regexp_match(error_message, 'on resource: (arn:[^ ,]+)'))[1] AS told_arn
  FROM scope_uses
  WHERE outcome = 'denied' AND NOT is_dry_run
),

refusals AS (
  SELECT
    caller,
    coalesce(
      (regexp_match(error_message, 'not authorized to perform: ([A-Za-z0-9-]+:[A-Za-z0-9]+)'))[1],
      'kms:' || event_name
    ) AS action,
    coalesce(key_arn, told_arn, key_as_typed) AS key,
    denied_by
      || CASE
        WHEN error_message LIKE '%with an explicit deny%' THEN ' (explicit deny)'
        WHEN regexp_like(error_message, 'because no [A-Za-z -]*(polic(y|ies)|boundar(y|ies)) allows? the ') THEN ' (no allow)'
        ELSE ''
      END AS refused_by,
    use_label AS label, event_time
  FROM denied_calls
  -- A call on two keys is refused for one of them: the one that the message names, else the first.
  WHERE coalesce(told_arn <> other_key_arn, true)
    AND (key_role <> 'destination' OR coalesce(told_arn = key_arn, false))
)

SELECT
  caller,
  action,
  key,
  refused_by,
  count(*) AS refusals,
  max(event_time) AS last_time,
  label
FROM refusals
GROUP BY caller, action, key, refused_by, label
ORDER BY label NULLS FIRST, refusals DESC, caller, action, key NULLS FIRST, refused_by NULLS FIRST
