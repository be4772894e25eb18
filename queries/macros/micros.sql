-- id: micros
-- title: An interval in microseconds
-- description: As linked_ranges takes it.
-- argument length: the interval

CAST(arrow_cast(0, 'Timestamp(Microsecond, Some("UTC"))') + length AS BIGINT)
