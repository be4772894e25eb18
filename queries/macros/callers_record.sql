-- id: callers_record
-- title: Value from the caller's own record of a call
-- description: Of the records of a cross-account call, the first in the caller's own log that identifies the caller.
-- argument value: the column

first_value(value ORDER BY coalesce(recipient_account_id <> caller_account_id, true), recipient_account_id, event_id, content_hash)
  FILTER (WHERE record_role <> 'owner' AND NOT is_bare)
