-- id: scope_uncounted
-- title: What the daily counts leave out or cannot say
-- description: Texts about the records of the window, within the filters of the report, that are not counted or not under the
--   right key: one row each, where there are any. place is their order.
-- depends: scope_usage

SELECT column1 AS place, column2 || column3 AS text
FROM (
  SELECT unnest(make_array(1, 2, 3)) AS column1,
    unnest(make_array(
      'records of dry runs, which are not counted: ',
      'records of uses that tell no known key, counted but under no key: ',
      'records that correct earlier ones and whose events are no longer held, so that calls are counted as they were first told, '
        || 'if they were: '
    )) AS column2,
    unnest(make_array(
      sum(count) FILTER (WHERE outcome = 'dry_run' AND kind = 'use'),
      sum(count) FILTER (WHERE outcome = 'success' AND kind = 'use' AND key_arn IS NULL AND record_role <> 'network'),
      sum(count) FILTER (WHERE doubt = 'correction')
    )) AS column3
  FROM scope_usage
)
WHERE column3 > 0
