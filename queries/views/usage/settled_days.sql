-- id: settled_days
-- title: Unsettled days whose events are all in the store
-- description: The rows of unsettled_days for which recounted_usage counts as many records as usage_daily, so that it
--   can replace them.
-- internal: says for which days recounted_usage replaces the daily counts
-- depends: unsettled_days, recounted_usage
-- kept: the daily counts are split by it, several times

SELECT counted.event_date, counted.key
FROM (
  SELECT unsettled_days.event_date, unsettled_days.key, sum(usage_daily.count) AS records
  FROM unsettled_days
  JOIN usage_daily ON usage_daily.event_date = unsettled_days.event_date AND usage_daily.key = unsettled_days.key
  GROUP BY unsettled_days.event_date, unsettled_days.key
  UNION ALL
  SELECT unsettled_days.event_date, unsettled_days.key, sum(usage_daily.count) AS records
  FROM unsettled_days
  JOIN usage_daily ON usage_daily.event_date = unsettled_days.event_date
  WHERE unsettled_days.key = '' AND usage_daily.key IS NULL
  GROUP BY unsettled_days.event_date, unsettled_days.key
) AS counted
JOIN (
  SELECT event_date, key, sum(count) AS records
  FROM recounted_usage
  GROUP BY event_date, key
) AS held ON held.event_date = counted.event_date AND held.key = counted.key AND held.records = counted.records
