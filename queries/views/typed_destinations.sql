-- id: typed_destinations
-- title: Months in which an event does not tell its second key
-- description: The months of events of which the destination of a ReEncrypt is known by what was typed alone, from the
--   roll-ups, which count every event. Few; in the others no event needs to be looked at for it.
-- kept: every record is asked for it

SELECT event_month
FROM usage_monthly
WHERE key_role = 'destination' AND key_id(key) IS NULL
UNION
-- The months leave out what a VPC endpoint tells.
SELECT to_char(event_date, '%Y-%m') AS event_month
FROM usage_daily
WHERE record_role = 'network' AND key_role = 'destination'
