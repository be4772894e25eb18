-- id: log_end
-- title: A time after all logs
-- description: What goes on still, goes on until then.

arrow_cast('2200-01-01T00:00:00Z', 'Timestamp(Microsecond, Some("UTC"))')
