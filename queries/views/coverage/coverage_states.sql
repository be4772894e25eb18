-- id: coverage_states
-- title: States of log coverage
-- description: The states that an hour can have, the worst first. docs/coverage.md explains them.
-- column rank: order of the states, from 1; in coverage, the highest rank of the trails of an hour counts
-- column letter: letter for the state in the report coverage
-- column state: name of the state
-- column is_complete: whether the logs show everything of such an hour
-- column is_hole: whether KMS events of such an hour may be missing from the logs
-- column meaning: the state in words

SELECT CAST(column1 AS INT) AS rank, column2 AS letter, column3 AS state, column4 AS is_complete, column5 AS is_hole, column6 AS meaning
FROM (
  VALUES
    (1, 'o', 'account_not_in_organization', false, false, 'the account was not a member of the organization'),
    (2, 'n', 'region_not_enabled', false, false, 'the region was disabled in the account'),
    (3, 'X', 'expired', false, true, 'the events were deleted by the retention'),
    (4, 'S', 'logging_stopped', false, true, 'the trail did not log'),
    (5, 'K', 'kms_excluded', false, true, 'the trail excluded KMS events'),
    (6, 'W', 'write_only', false, true, 'the trail logged write events only'),
    (7, 'A', 'archived', false, true, 'a log object must be restored before it can be read'),
    (8, '-', 'gap', false, true, 'no delivered log or digest shows the hour'),
    (9, 'P', 'partial', false, true, 'a log object is missing, damaged or changed, or an event id is disputed'),
    (10, '?', 'selectors_unknown', false, true, 'nothing shows that the trail logged KMS read events'),
    (11, 'c', 'complete_unverified', true, false, 'the logs show the hour'),
    (12, 'V', 'complete_verified', true, false, 'the logs show the hour, and digests prove it')
)
