-- id: iso_time
-- title: A time as text
-- description: RFC 3339, UTC, to the second.
-- argument time: the time

to_char(time, '%Y-%m-%dT%H:%M:%SZ')
