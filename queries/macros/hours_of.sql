-- id: hours_of
-- title: The hours of the day in which calls were made
-- description: A bit for each hour (UTC), added up over the rows of a group.
-- argument time: the time of a call

CAST(bit_or(CAST(1 AS INT) << CAST(date_part('hour', time) AS INT)) AS INT)
