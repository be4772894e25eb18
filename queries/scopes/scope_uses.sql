-- id: scope_uses
-- title: The operations of the window that the filters leave
-- description: Rows of scope_uses_ever in the window.
-- depends: scope_uses_ever

SELECT *
FROM scope_uses_ever
WHERE is_in_window(event_time) AND is_day_in_window(event_date)
