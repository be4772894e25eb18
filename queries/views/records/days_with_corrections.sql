-- id: days_with_corrections
-- title: Days with corrections
-- description: Days of which the store has corrections, or second contents of a record.
-- internal: replacements looks at these days only
-- kept: there are few, mostly none

SELECT DISTINCT event_date
FROM event_days
WHERE corrections > 0
