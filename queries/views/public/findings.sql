-- id: findings
-- title: Findings, in their latest state
-- description: The latest change of each finding in finding_events.
-- columns: as in finding_events

SELECT *
FROM finding_events
QUALIFY row_number() OVER (
  PARTITION BY finding_id
  ORDER BY seq DESC, recorded_at DESC, run_id DESC
) = 1
