-- id: scope_uses
-- title: The operations that a report is about
-- description: Rows of key_uses, in the window and within the filters of the report.
-- depends: key_uses

SELECT *
FROM key_uses
