-- id: hour_of
-- title: The hour of a time
-- description: As a number, hours since 1970.
-- argument time: the time

CAST(time AS BIGINT) / 3600000000
