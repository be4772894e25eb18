-- id: is_in_window
-- title: Whether a time is in the window
-- description: The window begins with its first moment and ends before its last; an end that was not given is open.
-- argument time: the time

($since IS NULL OR time >= $since) AND ($until IS NULL OR time < $until)
