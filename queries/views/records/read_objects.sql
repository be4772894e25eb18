-- id: read_objects
-- title: Log objects with records in the store, and whether verification confirms them
-- description: One row per log object that a record was read from, digests excluded. is_verified: a verified digest
--   lists the object with the content that was read each time. is_changed: the object differs from what its digest
--   lists, or did when it was read.
-- internal: coverage and trail_changes ask it whether an object can be trusted
-- depends: verified_files

SELECT
  object_id, location, account_id AS account, region, kind,
  coalesce(status = 'verified' AND bool_and(is_same), false) AS is_verified,
  coalesce((status = 'hash_mismatch' AND bool_or(is_same)) OR (status = 'verified' AND bool_or(is_other)), false) AS is_changed
FROM (
  SELECT
    log_file_events.object_id, log_file_events.location, log_file_events.account_id, log_file_events.region, log_file_events.kind,
    verified_files.status,
    log_file_events.state = 'ok' AND coalesce(
      log_file_events.sha256 = verified_files.sha256,
      is_same_object(verified_files, log_file_events),
      false
    ) AS is_same,
    log_file_events.state = 'ok' AND coalesce(log_file_events.sha256 <> verified_files.sha256, false) AS is_other
  FROM log_file_events
  LEFT JOIN verified_files ON verified_files.location = log_file_events.location
  WHERE log_file_events.kind <> 'digest' AND written + duplicates > 0
) AS attempts
GROUP BY object_id, location, account_id, region, kind, status
