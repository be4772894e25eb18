-- id: live_replacements
-- title: Records replaced by a correction, of the days that are not settled
-- description: Rows of replacements that may be about records whose facts are computed.
-- internal: computed_uses leaves out the records that match it
-- depends: replacements
-- kept: every count of operations asks whether a record is replaced

SELECT *
FROM replacements
WHERE NOT is_settled_day(event_date) OR is_day_with_late_records(event_date)
