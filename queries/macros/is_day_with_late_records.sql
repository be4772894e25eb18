-- id: is_day_with_late_records
-- title: Whether records of a day came after its last settlement
-- description: True for a day whose events are deleted and of which records were stored later, of keys that have a hold.
-- argument day: the day

is_late_record(day, 9223372036854775807)
