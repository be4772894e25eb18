-- id: typed_destinations
-- title: Months with a ReEncrypt whose destination is known only as typed
-- description: Months in which the roll-ups count a destination key that was typed and not given by ARN. There are few,
--   so events of other months need not be searched for one.
-- internal: lets live_key_events skip the months without such events
-- kept: every record is asked for it

SELECT event_month
FROM usage_monthly
WHERE key_role = 'destination' AND key_id(key) IS NULL
UNION
-- The months leave out what a VPC endpoint tells.
SELECT to_char(event_date, '%Y-%m') AS event_month
FROM usage_daily
WHERE record_role = 'network' AND key_role = 'destination'
