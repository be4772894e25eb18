-- id: log_begin
-- title: When CloudTrail began
-- description: No log is from before November 2013.

arrow_cast('2013-11-01T00:00:00Z', 'Timestamp(Microsecond, Some("UTC"))')
