-- id: status-id-conflicts
-- title: Event IDs with more than one content
-- description: The number of event IDs under which events with different content are stored.

SELECT 'id conflicts' AS what, count(*) AS ids
FROM id_conflicts
ORDER BY 1
