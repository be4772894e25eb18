-- id: scope_key_counts
-- title: Operations before the window ends, counted by key, caller, operation and outcome
-- description: One row per key, log, caller, operation and outcome, over the rows of scope_counts_ever that begin before the
--   window ends. count_inside has those from the start of the window on, count_of_log those in the window of which the log
--   has a record (a ReEncrypt once). Where the events of a day that the window cuts are deleted, last_time is one that surely
--   lies before the end, and is_unsure if an operation may have been before the window or in it.
-- depends: scope_counts_ever
-- kept: what is found of keys is counted from it, above the rows and in them

SELECT
  key_arn, recipient_account_id AS account, region, caller, event_name, kind, outcome,
  -- Of an operation on one key as both, the row of the destination has it, and in the log the other.
  coalesce(sum(count) FILTER (WHERE key_role <> 'both'), 0) AS count,
  coalesce(sum(count) FILTER (WHERE key_role <> 'both' AND is_inside), 0) AS count_inside,
  coalesce(sum(count) FILTER (WHERE is_inside AND key_role <> 'destination' AND is_repeated IS NOT TRUE), 0) AS count_of_log,
  min(first_time) AS first_time,
  max(CASE WHEN last_time >= $until THEN first_time ELSE last_time END) AS last_time,
  bool_or(coalesce(first_time < $since AND last_time >= $until, false)) AS is_unsure
FROM (SELECT *, coalesce(last_time >= $since, true) AS is_inside FROM scope_counts_ever)
WHERE $until IS NULL OR first_time < $until
GROUP BY key_arn, recipient_account_id, region, caller, event_name, kind, outcome
