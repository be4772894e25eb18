-- id: alias_history
-- title: Keys that each alias pointed to, over time
-- description: One row per alias and period during which it pointed to one key. Periods come from successful
--   CreateAlias, UpdateAlias and DeleteAlias calls, and from events that give both an alias and the ARN of its key,
--   since most aliases are older than the first log in the store. Calls within the same second are ordered create, use,
--   delete.
-- column alias_name: the alias, `alias/…`
-- column alias_arn: ARN of the alias
-- column account: account of the alias
-- column region: region of the alias
-- column key_arn: ARN of the key that it pointed to
-- column valid_from: start of the period; null if it had already begun when the alias was first seen
-- column valid_to: end of the period, exclusive; null if nothing later is known
-- column evidence: `operation` if an alias operation began the period, `observed` if the alias was only seen in use
-- column first_seen: first event of the period; from here on the logs prove it
-- column last_seen: last event of the period
-- column proven_to: end of what the logs prove: `valid_to` if an alias operation ended the period, `last_seen` if the
--   alias was later seen with another key, null if nothing later is known
-- kept: names are resolved by it, several times a report

-- The first and the last use of a day are enough to see an alias move.
WITH points AS (
  SELECT
    alias_name, account, region, key_arn,
    CASE sighting WHEN 'pointed' THEN 0 WHEN 'used' THEN 1 ELSE 2 END AS place,
    sighting <> 'used' AS is_operation,
    unnest(array_distinct(make_array(min(first_time), max(last_time)))) AS at
  FROM alias_sightings
  GROUP BY
    alias_name, account, region, key_arn, sighting, event_date, CASE WHEN sighting <> 'used' THEN first_time END
),

points_in_order AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY alias_name, account, region ORDER BY at, place, key_arn) AS number,
    lag(key_arn) OVER (PARTITION BY alias_name, account, region ORDER BY at, place, key_arn) AS key_before
  FROM points
),

points_with_starts AS (
  SELECT
    *,
    CASE WHEN number > 1 AND key_arn IS NOT DISTINCT FROM key_before THEN 0 ELSE 1 END AS is_start
  FROM points_in_order
),

points_by_period AS (
  SELECT
    *,
    sum(is_start) OVER (
      PARTITION BY alias_name, account, region ORDER BY number
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS period
  FROM points_with_starts
),

periods AS (
  SELECT
    alias_name, account, region, period, key_arn,
    min(at) AS first_seen,
    max(at) AS last_seen,
    bool_or(is_start = 1 AND is_operation) AS is_begun_by_operation
  FROM points_by_period
  GROUP BY alias_name, account, region, period, key_arn
),

periods_with_ends AS (
  SELECT
    *,
    CASE WHEN period > 1 OR is_begun_by_operation THEN first_seen END AS valid_from,
    lead(first_seen) OVER (PARTITION BY alias_name, account, region ORDER BY period) AS valid_to,
    lead(is_begun_by_operation) OVER (PARTITION BY alias_name, account, region ORDER BY period) AS is_ended_by_operation
  FROM periods
)

SELECT
  alias_name,
  'arn:' || split_part(key_arn, ':', 2) || ':kms:' || region || ':' || account || ':' || alias_name AS alias_arn,
  account,
  region,
  key_arn,
  valid_from,
  valid_to,
  CASE WHEN is_begun_by_operation THEN 'operation' ELSE 'observed' END AS evidence,
  first_seen,
  last_seen,
  CASE WHEN is_ended_by_operation THEN valid_to WHEN valid_to IS NOT NULL THEN last_seen END AS proven_to
FROM periods_with_ends
WHERE key_arn IS NOT NULL
