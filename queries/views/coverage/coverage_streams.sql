-- id: coverage_streams
-- title: Sources of logs that coverage is decided for
-- description: One row per account, region, organization (from the path) and trail with logs or digests in the store,
--   and per account and region without any that ListRegions or ListAccounts names. trail is as in coverage_by_trail;
--   last_time is the last delivery. A member account whose regions are not known is expected in every region in the
--   ledger.
-- internal: the coverage views decide each hour of each of these
-- depends: delivery_ranges

WITH ledger_streams AS (
  SELECT account, region, organization, trail, to_time AS last_time
  FROM delivery_ranges
  WHERE mark = 'stored'
),

newest_regions AS (
  SELECT account_id AS account, region
  FROM account_regions
  QUALIFY rank() OVER (PARTITION BY account_id ORDER BY taken_at DESC, run_id DESC) = 1
),

newest_members AS (
  SELECT account_id AS account
  FROM organization_accounts
  QUALIFY rank() OVER (PARTITION BY organization_id ORDER BY taken_at DESC, run_id DESC) = 1
),

expected AS (
  SELECT account, region FROM newest_regions
  UNION
  SELECT newest_members.account, ledger_streams.region
  FROM newest_members
  CROSS JOIN ledger_streams
  WHERE newest_members.account NOT IN (SELECT account FROM newest_regions)
)

SELECT account, region, organization, trail, last_time
FROM ledger_streams
UNION ALL
SELECT account, region, '', 'unknown', NULL
FROM expected
WHERE NOT EXISTS (
  SELECT 1
  FROM ledger_streams
  WHERE ledger_streams.account = expected.account AND ledger_streams.region = expected.region
)
