-- id: days_with_repeats
-- title: Days with several records of one event ID
-- description: Days of which the store has records whose event ID another record had before.
-- internal: repeated_ids and disputed_ids look at these days only
-- kept: there are few, mostly none

SELECT DISTINCT event_date
FROM event_days
WHERE repeated > 0
