-- id: id_conflicts
-- title: Event IDs with more than one content
-- description: One row per event ID and account whose stored events differ in content. AWS documents eventID as unique,
--   so a conflict means a repeated example, a changed file or a forgery. All contents are kept; exact duplicates are
--   dropped on ingest.
-- column event_id: the event ID
-- column recipient_account_id: account whose log has the events
-- column contents: number of different contents
-- column first_time: time of the earliest of these events
-- column last_time: time of the latest of these events
-- column region: region of the events; null if they differ or one has none
-- kept: it looks at all events, and coverage asks it several times

WITH ids AS (
  SELECT event_id, recipient_account_id, content_hash, event_time, region FROM kms_events
  UNION ALL
  SELECT event_id, recipient_account_id, content_hash, event_time, region FROM trail_events
),

-- Few ids stand there twice: only of these the contents are looked at. A number stands for each id of the store, since
-- the ids themselves would need much memory; what is told below is told of equal ids.
repeated AS (
  SELECT hash_bits(event_id) AS bits
  FROM ids
  GROUP BY hash_bits(event_id)
  HAVING count(*) > 1
)

SELECT
  ids.event_id,
  ids.recipient_account_id,
  count(DISTINCT content_hash) AS contents,
  min(event_time) AS first_time,
  max(event_time) AS last_time,
  CASE WHEN count(region) = count(*) AND min(region) = max(region) THEN min(region) END AS region
FROM repeated
JOIN ids ON hash_bits(ids.event_id) = repeated.bits
GROUP BY ids.event_id, ids.recipient_account_id
HAVING count(DISTINCT content_hash) > 1
