-- id: replaced_times
-- title: Times of replaced records
-- description: The event times in replacements. A record with any other time is not replaced, and need not be looked up
--   by ID.
-- internal: spares almost every record the lookup in replacements
-- depends: replacements
-- kept: every count of operations asks whether a record is replaced

SELECT DISTINCT event_time
FROM replacements
