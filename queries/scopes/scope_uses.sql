-- id: scope_uses
-- title: Operations in the window that pass the filters
-- description: Rows of scope_uses_ever in the window.
-- depends: scope_uses_ever

SELECT *
FROM scope_uses_ever
WHERE is_in_window(event_time) AND is_day_in_window(event_date)
