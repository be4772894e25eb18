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

WITH events AS (
  SELECT
    *,
    coalesce(caller_account_id, recipient_account_id) AS account,
    date_trunc('second', event_time) AS second
  FROM kms_events
  WHERE is_in_window(event_time) AND is_day_in_window(event_date)
),

-- The few seconds of interest, so that all that follows reads little.
seconds AS (
  SELECT DISTINCT account, region, second
  FROM events
  WHERE outcome = 'throttled'
    -- Where a key is asked for, the account says which one is meant.
    AND ($account IS NULL OR cardinality($key_arns) > 0 OR account = $account)
),

-- is_told_twice where another account's log may hold the same call: of the key, or of another of its keys.
records_of_seconds AS (
  SELECT
    events.account, events.region, events.second, events.caller, events.use_label AS label, events.event_name,
    events.outcome, events.event_id, events.recipient_account_id, events.caller_account_id, events.content_hash,
    coalesce(events.shared_event_id, copied_calls.call_id) AS call_id,
    coalesce(events.key_arn, events.key_as_typed) AS key,
    coalesce(events.shared_event_id, copied_calls.call_id) IS NOT NULL
      AND (
        events.key_arn IS NULL OR coalesce(events.event_name = 'ReEncrypt', true) OR copied_keys.any_key IS NOT NULL
      ) AS is_told_twice
  FROM seconds
  JOIN events
    ON events.second = seconds.second
    AND (events.account IS NOT DISTINCT FROM seconds.account)
    AND (events.region IS NOT DISTINCT FROM seconds.region)
  LEFT JOIN copied_keys ON copied_keys.any_key = events.key_arn
  LEFT JOIN copied_calls
    ON copied_calls.request = events.request_id
    AND copied_calls.at = events.event_time
    AND copied_calls.operation = events.event_name
  -- What a VPC endpoint tells of a call that it let through is no second one.
  WHERE NOT is_network(events.event_type, events.outcome)
    AND NOT is_replaced(events)
),

calls AS (
  SELECT account, region, second, caller, label, event_name, outcome, event_id, recipient_account_id, content_hash, key
  FROM records_of_seconds
  WHERE NOT is_told_twice
  UNION ALL
  SELECT account, region, second, caller, label, event_name, outcome, event_id, recipient_account_id, content_hash, key
  FROM records_of_seconds
  WHERE is_told_twice
  QUALIFY row_number() OVER (
    PARTITION BY account, region, second, call_id
    -- The caller's own record names the caller; the key owner's copy of it may not.
    ORDER BY recipient_account_id IS DISTINCT FROM caller_account_id, recipient_account_id, event_id, content_hash
  ) = 1
),

throttled AS (
  SELECT account, region, second, caller, label, event_name, key, count(*) AS throttled
  FROM calls
  WHERE outcome = 'throttled'
    -- The filters choose among the throttled; beside these stand all calls of the same second.
    AND EXISTS (
      SELECT 1
      FROM scope_events_of_callers AS chosen
      WHERE chosen.outcome = 'throttled'
        AND is_of_asked_caller(chosen.caller)
        AND chosen.event_id = calls.event_id
        AND chosen.content_hash = calls.content_hash
        AND (chosen.recipient_account_id IS NOT DISTINCT FROM calls.recipient_account_id)
    )
  GROUP BY account, region, second, caller, label, event_name, key
),

consumers_by_second AS (
  SELECT
    account, region, second, count(*) AS calls,
    top_counts(caller || CASE WHEN label IS NULL THEN '' ELSE ' (' || label || ')' END, 1, 3) AS consumed_most
  FROM calls
  GROUP BY account, region, second
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
