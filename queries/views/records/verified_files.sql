-- id: verified_files
-- title: Latest verification result of each log and digest
-- description: The latest finding in verifications about each object. It is valid for the object with that size and
--   entity tag.
-- columns: as in verifications

SELECT *
FROM verifications
QUALIFY row_number() OVER (
  PARTITION BY location
  ORDER BY seq DESC, recorded_at DESC, run_id DESC
) = 1
