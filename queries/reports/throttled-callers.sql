-- id: throttled-callers
-- title: Throttled callers, and the top callers of the same second
-- description: Throttled calls by second, caller, operation and key, with the callers that made the most KMS calls in
--   the same account, region and second. Quotas apply to the CALLER's account and region, and to kinds of operations,
--   which are not separated here. Filters select the throttled calls; calls_in_second and consumed_most cover all
--   callers. A cross-account call counts once.
-- column event_time: the second
-- column account: account whose quota the calls count against: the caller's, or that of the log if the record does not
--   give it
-- column account_name: name of that account in the latest list; null if not known
-- column region: region
-- column caller: the throttled caller
-- column label: `cloudtrail_delivery` for CloudTrail encrypting its own logs, `self` for keytrail's own calls, else
--   null
-- column event_name: the throttled operation
-- column key: ARN of the key, else what was typed
-- column throttled: number of throttled calls
-- column calls_in_second: number of KMS calls by all callers in the account, region and second, of any outcome
-- column consumed_most: the three callers with the most of these calls, with their counts; a label is in parentheses
-- footnote lower-bound: a lower bound: AWS does not promise to log every throttled call

-- What a second counts: every call once, by the account whose quota it takes from.
WITH calls AS (
  SELECT
    coalesce(caller_account_id, recipient_account_id) AS account, region, date_trunc('second', event_time) AS second,
    caller, use_label AS label, event_name, coalesce(key_arn, key_as_typed) AS key, outcome, content_hash
  FROM key_uses
  WHERE key_role <> 'destination' AND is_in_window(event_time) AND is_day_in_window(event_date)
),

-- The filters choose among the throttled; beside these stand all calls of the same second.
throttled AS (
  SELECT account, region, second, caller, label, event_name, key, count(*) AS throttled
  FROM calls
  WHERE outcome = 'throttled'
    AND content_hash IN (SELECT content_hash FROM scope_uses WHERE outcome = 'throttled')
    -- Where a key is asked for, the account says which one is meant.
    AND ($account IS NULL OR cardinality($key_arns) > 0 OR account = $account)
  GROUP BY account, region, second, caller, label, event_name, key
),

consumers_by_second AS (
  SELECT
    calls.account, calls.region, calls.second, count(*) AS calls,
    top_counts(caller || CASE WHEN label IS NULL THEN '' ELSE ' (' || label || ')' END, 1, 3) AS consumed_most
  FROM (SELECT DISTINCT account, region, second FROM throttled) AS seconds
  JOIN calls
    ON calls.second = seconds.second
    AND (calls.account IS NOT DISTINCT FROM seconds.account)
    AND (calls.region IS NOT DISTINCT FROM seconds.region)
  GROUP BY calls.account, calls.region, calls.second
)

SELECT
  throttled.second AS event_time,
  throttled.account,
  current_accounts.name AS account_name,
  throttled.region,
  throttled.caller,
  throttled.label,
  throttled.event_name,
  throttled.key,
  throttled.throttled,
  consumers_by_second.calls AS calls_in_second,
  consumers_by_second.consumed_most
FROM throttled
JOIN consumers_by_second
  ON consumers_by_second.second = throttled.second
  AND (consumers_by_second.account IS NOT DISTINCT FROM throttled.account)
  AND (consumers_by_second.region IS NOT DISTINCT FROM throttled.region)
LEFT JOIN current_accounts ON current_accounts.account = throttled.account
ORDER BY event_time, throttled.account NULLS FIRST, region NULLS FIRST, caller, label NULLS FIRST, event_name NULLS FIRST, key NULLS FIRST
