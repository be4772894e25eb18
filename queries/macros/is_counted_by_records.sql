-- id: is_counted_by_records
-- title: Whether a day has counts of records only
-- description: True for a day whose events were deleted before keytrail counted facts: only the records that it had of each
--   key, caller and operation are known (usage_daily).
-- argument day: the day

coalesce(day < CAST(retention_horizon('uses_daily') AS DATE), false)
