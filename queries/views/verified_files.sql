-- id: verified_files
-- title: What verification found of each object
-- description: The latest finding of keytrail verify about each log object and digest.

SELECT *
FROM verifications
QUALIFY row_number() OVER (PARTITION BY location ORDER BY seq DESC, recorded_at DESC, run_id DESC) = 1
