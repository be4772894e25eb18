-- id: is_deleted_day
-- title: Whether the events of a day are deleted
-- description: True for a day before the retention horizon, of which only counts are left, and the events of keys on hold.
-- argument day: the day

coalesce(day < CAST(retention_horizon('kms_events') AS DATE), false)
