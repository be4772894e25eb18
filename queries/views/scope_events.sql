-- id: scope_events
-- title: The records that a report is about
-- description: Rows of key_events, in the window and within the filters of the report.
-- depends: key_events

SELECT *
FROM key_events
