-- id: is_object_asked
-- title: Whether a log object may have events of what is asked for
-- description: The object's delivery may be of the window, and its account and region those that the filters leave; what an object
--   does not say excludes nothing.
-- argument row: a row of the ledger or of verifications

($since IS NULL OR row.delivery_time IS NULL OR row.delivery_time >= $since)
AND ($until IS NULL OR row.delivery_time IS NULL OR row.delivery_time <= $until + INTERVAL '1 hour')
AND ($account IS NULL OR row.account_id IS NULL OR row.account_id = $account)
AND ($region IS NULL OR row.region IS NULL OR row.region = $region)
AND (cardinality($key_accounts) = 0 OR row.account_id IS NULL OR array_has($key_accounts, row.account_id))
AND (
  cardinality($key_arns) = 0 OR row.account_id IS NULL OR row.region IS NULL OR EXISTS (
    SELECT 1
    FROM known_keys
    WHERE array_has($key_arns, known_keys.key_arn)
      AND known_keys.account = row.account_id AND known_keys.region = row.region
  )
)
