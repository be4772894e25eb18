-- id: verified_files
-- title: What verification found of every log and digest
-- description: The latest finding about each object in verifications; it speaks of the object as it was at that size and entity tag.

SELECT *
FROM verifications
QUALIFY row_number() OVER (
  PARTITION BY location
  ORDER BY seq DESC, recorded_at DESC, run_id DESC
) = 1
