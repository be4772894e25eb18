-- id: replaced_times
-- title: When the records were that a correction replaces
-- description: The times of replacements, so that a record of any other time need not be looked up by its id.
-- depends: replacements
-- kept: every count of operations asks whether a record is replaced

SELECT DISTINCT event_time
FROM replacements
