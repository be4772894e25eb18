-- id: status-late-days
-- title: Days of buckets that may have received logs since they were listed
-- description: Folders of days last listed before logs had stopped arriving, which is 35 days after the day, and whose
--   35 days are now over: how many, the first and the last.

SELECT count(*) AS folders, min(day) AS first_day, max(day) AS last_day
FROM (
  SELECT prefix, day, max(listed_at) AS listed_at
  FROM listings
  GROUP BY prefix, day
)
WHERE day IS NOT NULL
  AND listed_at < day + INTERVAL '36 days'
  AND day + INTERVAL '36 days' < now()
ORDER BY folders
