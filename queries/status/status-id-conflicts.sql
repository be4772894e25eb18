-- id: status-id-conflicts
-- title: Event ids with more than one content
-- description: How many event ids stand for events of different content.

SELECT 'id conflicts' AS what, count(*) AS ids
FROM id_conflicts
ORDER BY 1
