-- id: scope_uses
-- title: Operations in the window that pass the filters
-- description: Rows of scope_uses_ever in the window.
-- depends: scope_uses_ever

SELECT *
FROM scope_uses_ever
WHERE ($since IS NULL OR (event_time >= $since AND event_date >= CAST($since AS DATE)))
  AND ($until IS NULL OR (event_time < $until AND event_date <= CAST($until AS DATE)))
