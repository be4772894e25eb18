-- id: scope_usage
-- title: The daily counts that a report is about
-- description: Rows of usage_by_key, in the window and within the filters of the report.
-- depends: usage_by_key

SELECT *
FROM usage_by_key
