-- id: scope_uses_ever
-- title: The operations that a report is about, of all times
-- description: Rows of key_uses within the filters of the report, whatever the window.
-- depends: key_uses

SELECT *
FROM key_uses
