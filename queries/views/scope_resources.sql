-- id: scope_resources
-- title: The resources that a report is about
-- description: Rows of resources_by_key whose times reach into the window, within the filters of the report.
-- depends: resources_by_key

SELECT *
FROM resources_by_key
