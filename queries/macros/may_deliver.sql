-- id: may_deliver
-- title: Whether a trail may deliver the logs of an account and region
-- description: Its own account and home region, more where it is, or may be, of the organization or of all regions.
-- argument trail: a row of known_trails
-- argument account: the account
-- argument region: the region

(trail.account = account OR (trail.is_organization IS DISTINCT FROM false))
AND (trail.home_region = region OR (trail.is_multi_region IS DISTINCT FROM false))
