-- id: denied
-- title: Who was refused what, and by which policy
-- description: Calls that KMS refused for want of permission (outcome denied), by caller, action, key and reason.
--   action is the permission that the message names, else kms: and the operation. key is the key's ARN as the
--   event or the message tells it, else what was typed, else null: then the caller learned of no key either
--   (a ciphertext of a key unknown to us). refused_by is the kind of policy that the message names, with (explicit deny)
--   where such a policy forbids the action, so that an Allow elsewhere will not help, and (no allow) where none of that
--   kind allows it; null where the message does not say. A refusal counts once, also of a call on two keys, a corrected record
--   through its correction; dry runs are left out. KMS tells a refusal of a caller from another account in the
--   CALLER's log only, so those of accounts whose logs are not here cannot be seen. label is self for
--   keytrail's own calls and cloudtrail_delivery for CloudTrail writing its own logs.
-- caveat:
--   SELECT 'refusals whose message does not tell the kind of policy: ' || count(*)
--   FROM scope_uses
--   WHERE outcome = 'denied' AND NOT is_dry_run AND denied_by IS NULL
--   HAVING count(*) > 0
-- caveat:
--   SELECT 'refused dry runs, which are not counted: ' || count(*)
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
