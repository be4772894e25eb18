-- id: hour_start
-- title: When an hour begins
-- description: The time of a number of hours since 1970.
-- argument hour: the hour

arrow_cast(hour * 3600000000, 'Timestamp(Microsecond, Some("UTC"))')
