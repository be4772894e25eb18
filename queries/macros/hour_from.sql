-- id: hour_from
-- title: The first hour that begins at a time or after it
-- description: As a number, hours since 1970.
-- argument time: the time

(CAST(time AS BIGINT) + 3599999999) / 3600000000
