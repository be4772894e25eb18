-- id: callers_own
-- title: What the caller's own record says of a call
-- description: Of the records that two accounts have of one call, one that says no more of the caller than an account is told the rest by
--   the caller's own.
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
