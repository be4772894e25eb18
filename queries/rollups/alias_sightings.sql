-- id: alias_sightings
-- title: Keys that each alias was seen with
-- description: The rows that events add to the table alias_sightings: its columns, in its order. Reads new_kms_events,
--   rows of kms_events. Successful CreateAlias, UpdateAlias and DeleteAlias calls give a row each; every other event
--   with a typed alias and a known key ARN counts per day, with any outcome. A DeleteAlias also shows where the alias
--   pointed until then. Account and region are those of the key, in which an alias is, else those of the record. The
--   rows are a set: the writer sorts them.

WITH events AS (
  SELECT
    event_date, event_time, event_name, alias_name, key_as_typed, key_arn,
    destination_key_as_typed, destination_key_arn, recipient_account_id, region,
    event_name IN ('CreateAlias', 'UpdateAlias', 'DeleteAlias') AS is_alias_event
  FROM new_kms_events
  WHERE (
      event_name IN ('CreateAlias', 'UpdateAlias', 'DeleteAlias')
      AND outcome = 'success' AND NOT is_dry_run AND alias_name IS NOT NULL
    )
    OR (
      event_name NOT IN ('CreateAlias', 'UpdateAlias', 'DeleteAlias')
      AND (
        (key_arn IS NOT NULL AND (key_as_typed LIKE 'alias/%' OR key_as_typed LIKE 'arn:%:alias/%'))
        OR (
          destination_key_arn IS NOT NULL
          AND (destination_key_as_typed LIKE 'alias/%' OR destination_key_as_typed LIKE 'arn:%:alias/%')
        )
      )
    )
),

-- What each event says: an operation where the alias points from now on, and DeleteAlias also where it
-- pointed until now; any other event where it pointed when source and destination were typed.
statements AS (
  SELECT
    event_date, event_time, recipient_account_id, region,
    CASE
      WHEN is_alias_event THEN alias_name
      WHEN slot = 1 THEN key_as_typed
      ELSE destination_key_as_typed
    END AS typed,
    CASE
      WHEN slot = 1 THEN key_arn
      WHEN NOT is_alias_event THEN destination_key_arn
    END AS key_arn,
    CASE
      WHEN is_alias_event AND slot = 2 THEN 'deleted'
      WHEN is_alias_event AND event_name <> 'DeleteAlias' THEN 'pointed'
      ELSE 'used'
    END AS sighting
  FROM events
  CROSS JOIN (VALUES (1), (2)) AS slots (slot)
  WHERE (is_alias_event AND (event_name = 'DeleteAlias' OR slot = 1))
    OR (NOT is_alias_event AND slot = 1 AND key_arn IS NOT NULL)
    OR (NOT is_alias_event AND slot = 2 AND destination_key_arn IS NOT NULL)
),

sightings AS (
  SELECT
    event_date, event_time, key_arn, sighting,
    CASE WHEN typed LIKE 'arn:%:alias/%' THEN 'alias/' || split_part(typed, ':alias/', 2) ELSE typed END AS alias_name,
    coalesce(nullif(split_part(key_arn, ':', 5), ''), recipient_account_id) AS account,
    coalesce(nullif(split_part(key_arn, ':', 4), ''), region) AS region
  FROM statements
  WHERE (typed LIKE 'alias/%' OR typed LIKE 'arn:%:alias/%') AND (key_arn IS NOT NULL OR sighting <> 'used')
)

SELECT
  event_date, alias_name, account, region, key_arn, sighting,
  count(*) AS count,
  min(event_time) AS first_time,
  max(event_time) AS last_time
FROM sightings
GROUP BY
  event_date, alias_name, account, region, key_arn, sighting, CASE WHEN sighting <> 'used' THEN event_time END
