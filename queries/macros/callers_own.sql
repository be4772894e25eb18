-- id: callers_own
-- title: Value from the caller's own record of a call
-- description: If one of the two records of a cross-account call identifies the caller by account only, the value comes from the
--   record in the caller's own log.
-- argument value: the column

CASE
  WHEN is_told THEN coalesce(
    first_value(value) OVER (
      PARTITION BY key_arn, key_role, event_date, call_id
      ORDER BY
        record_role = 'owner' OR is_bare, coalesce(recipient_account_id <> caller_account_id, true),
        recipient_account_id, event_id, content_hash
    ),
    value
  )
  ELSE value
END
