-- id: counts_for_source
-- title: Whether an operation counts for its source instead
-- description: An operation on two of the given keys counts for its source, not for its destination.
-- argument row: a row of key_uses

row.key_role = 'destination' AND coalesce(array_has($key_arns, row.other_key_arn), false)
