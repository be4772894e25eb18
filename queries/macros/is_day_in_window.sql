-- id: is_day_in_window
-- title: Whether a day reaches into the window
-- description: Days are looked at first, since files are chosen by them.
-- argument day: the day

($since IS NULL OR day >= CAST($since AS DATE)) AND ($until IS NULL OR day <= CAST($until AS DATE))
