-- id: coverage_absences
-- title: Times outside an organization, and times of disabled regions
-- description: One row per account and region in coverage_streams; a column is null if nothing says. joined_at: when
--   the account joined the organization, by the newest list of members. left_at: since when no list has the account, or
--   when it left by the logs if no later list has it. disabled_at: since when every list, or the logs, have the region
--   as disabled, but not before its last delivery. Before the first of these lists the region was disabled as far back
--   as nothing was delivered and the logs of the account and of the organization's management account cannot lack a
--   call that enables or disables it. Lists and logs from before the retention horizon prove nothing here. An account
--   in no list does not belong to the organization if it delivers its own logs.
-- internal: coverage_by_trail marks the hours outside the organization, and of disabled regions, by it
-- depends: coverage_streams, known_trails, read_objects, unbroken_logs, unrecorded_changes
-- kept: coverage reads it several times, and it is a row per account and region

WITH newest_members AS (
  SELECT account_id AS account, joined_at
  FROM organization_accounts
  QUALIFY rank() OVER (PARTITION BY organization_id ORDER BY taken_at DESC, run_id DESC) = 1
),

joined AS (
  SELECT account, min(joined_at) AS joined_at
  FROM newest_members
  GROUP BY account
),

places AS (
  SELECT
    account, region,
    max(last_time) AS last_time,
    bool_or(organization <> '' OR last_time IS NULL) AS is_of_organization
  FROM coverage_streams
  GROUP BY account, region
),

-- Accounts that are in no newest list, and the last list that had them.
departed AS (
  SELECT places.account, max(organization_accounts.taken_at) AS last_in, bool_or(is_of_organization) AS is_of_organization
  FROM places
  LEFT JOIN organization_accounts ON organization_accounts.account_id = places.account
  WHERE places.account NOT IN (SELECT account FROM newest_members)
  GROUP BY places.account
),

lists AS (
  SELECT departed.account, min(taken.taken_at) AS left_at
  FROM departed
  JOIN (SELECT DISTINCT taken_at FROM organization_accounts) AS taken
    ON departed.last_in IS NULL OR taken.taken_at > departed.last_in
  WHERE departed.last_in IS NOT NULL OR departed.is_of_organization
  GROUP BY departed.account
),

-- What stands in them ends nothing.
changed_objects AS (
  SELECT object_id FROM read_objects WHERE is_changed
),

-- That it left counts if a list agrees.
departures AS (
  SELECT lists.account, least(min(lists.left_at), max(told.at)) AS left_at
  FROM lists
  JOIN departed ON departed.account = lists.account
  LEFT JOIN (
    SELECT
      CASE event_name WHEN 'LeaveOrganization' THEN recipient_account_id ELSE json_text(request, '/accountId') END AS account,
      event_time AS at
    FROM trail_events
    WHERE event_source = 'organizations.amazonaws.com' AND outcome = 'success'
      AND event_name IN ('LeaveOrganization', 'RemoveAccountFromOrganization')
      AND object_id NOT IN (SELECT object_id FROM changed_objects)
  ) AS told ON told.account = lists.account AND (departed.last_in IS NULL OR told.at > departed.last_in)
  GROUP BY lists.account
),

-- Regions that the newest list of their account has as disabled, with the first list since which all say so.
disabled AS (
  SELECT account, region, min(taken_at) AS disabled_since, max(last_other) AS last_other
  FROM (
    SELECT
      account_id AS account, region, taken_at,
      max(CASE WHEN opt_status IS DISTINCT FROM 'DISABLED' THEN taken_at END) OVER (PARTITION BY account_id, region) AS last_other,
      max(taken_at) OVER (PARTITION BY account_id) AS newest,
      max(taken_at) OVER (PARTITION BY account_id, region) AS last_taken
    FROM account_regions
    -- What was enabled between an older list and the horizon may be given up.
    WHERE coalesce(taken_at >= retention_horizon('kms_events'), true)
  ) AS lists
  WHERE (last_other IS NULL OR taken_at > last_other) AND last_taken = newest
  GROUP BY account, region
),

switched AS (
  SELECT
    account, region,
    max(at) AS last_time,
    max(CASE WHEN event_name = 'DisableRegion' AND outcome = 'success' AND NOT is_changed THEN at END) AS disabled_at
  FROM (
    SELECT
      coalesce(json_text(request, '/AccountId'), recipient_account_id) AS account, json_text(request, '/RegionName') AS region,
      event_name, outcome, event_time AS at, changed_objects.object_id IS NOT NULL AS is_changed
    FROM trail_events
    LEFT JOIN changed_objects ON changed_objects.object_id = trail_events.object_id
    WHERE event_source = 'account.amazonaws.com'
  ) AS calls
  GROUP BY account, region
),

-- Whose logs tell of calls that enable and disable a region; of a member the management account's too, which owns the
-- organization's trails.
switchers AS (
  SELECT account, region, account AS switcher
  FROM disabled
  UNION
  SELECT disabled.account, disabled.region, owners.account
  FROM disabled
  LEFT JOIN (SELECT DISTINCT account FROM known_trails WHERE is_organization) AS owners ON true
  WHERE disabled.account IN (SELECT account_id FROM organization_accounts)
    OR disabled.account IN (SELECT account FROM coverage_streams WHERE organization <> '')
),

-- The calls are logged in one region of the partition.
watched AS (
  SELECT
    switchers.account, switchers.region, switcher, disabled_since,
    CASE
      WHEN switchers.region LIKE 'cn-%' THEN 'cn-northwest-1'
      WHEN switchers.region LIKE 'us-gov-%' THEN 'us-gov-west-1'
      ELSE 'us-east-1'
    END AS told_in
  FROM switchers
  JOIN disabled ON disabled.account = switchers.account AND disabled.region = switchers.region
),

-- Until when the trails there may have left them out.
untold AS (
  SELECT watched.account, watched.region, switcher, max(to_time) AS to_time
  FROM watched
  JOIN unrecorded_changes AS silent
    ON silent.account = switcher AND silent.region = told_in AND silent.kind = 'delivered' AND silent.from_time < disabled_since
  GROUP BY watched.account, watched.region, switcher
),

unswitched AS (
  SELECT watched.account, watched.region, greatest(max(unbroken_logs.from_time), max(untold.to_time), retention_horizon('kms_events')) AS since
  FROM watched
  LEFT JOIN unbroken_logs
    ON unbroken_logs.account = switcher AND unbroken_logs.kind = 'delivered' AND unbroken_logs.region = told_in
    AND disabled_since BETWEEN unbroken_logs.from_time AND unbroken_logs.to_time
  LEFT JOIN untold
    ON untold.account = watched.account AND untold.region = watched.region AND untold.switcher = watched.switcher
  GROUP BY watched.account, watched.region
  HAVING count(unbroken_logs.from_time) = count(*) AND coalesce(max(untold.to_time) <= max(disabled_since), true)
)

SELECT
  places.account,
  places.region,
  joined.joined_at,
  departures.left_at,
  CASE
    -- A delivery, a list or a call since then that tells of another state shows that a call was missed.
    WHEN unswitched.since IS NOT NULL
      AND (places.last_time IS NULL OR places.last_time < unswitched.since)
      AND (last_other IS NULL OR last_other < unswitched.since)
      AND (switched.last_time IS NULL OR switched.last_time < unswitched.since)
      THEN unswitched.since
    WHEN disabled.account IS NOT NULL THEN greatest(
      CASE
        WHEN switched.disabled_at = switched.last_time AND (last_other IS NULL OR switched.disabled_at > last_other)
          THEN switched.disabled_at
        -- It may have been enabled until it was last asked for.
        ELSE greatest(disabled_since, coalesce(switched.last_time, disabled_since))
      END,
      places.last_time
    )
  END AS disabled_at
FROM places
LEFT JOIN joined ON joined.account = places.account
LEFT JOIN departures ON departures.account = places.account
LEFT JOIN disabled ON disabled.account = places.account AND disabled.region = places.region
LEFT JOIN switched ON switched.account = places.account AND switched.region = places.region
LEFT JOIN unswitched ON unswitched.account = places.account AND unswitched.region = places.region
