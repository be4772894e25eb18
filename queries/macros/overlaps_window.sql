-- id: overlaps_window
-- title: Whether a stretch of time reaches into the window
-- description: True where any of its moments, the first and the last among them, is in the window.
-- argument first_time: its first moment
-- argument last_time: its last moment

($since IS NULL OR last_time >= $since) AND ($until IS NULL OR first_time < $until)
