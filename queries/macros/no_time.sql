-- id: no_time
-- title: No time
-- description: A null of the type that times have.

arrow_cast(NULL, 'Timestamp(Microsecond, Some("UTC"))')
