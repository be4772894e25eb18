-- id: callers_own
-- title: Value of the caller's own record, where the counted record identifies the caller by account only
-- description: One of the records of a cross-account call counts; what it does not say of the caller, the caller's own says.
-- argument value: the column of the counted record
-- argument own: the column of told_calls

CASE WHEN is_bare THEN coalesce(own, value) ELSE value END
