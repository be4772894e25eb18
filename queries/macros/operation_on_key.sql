-- id: operation_on_key
-- title: The operation, with the side of the key
-- description: A ReEncrypt is `ReEncrypt (source)` to one of its keys and `ReEncrypt (destination)` to the other.
-- argument row: a row of key_uses

coalesce(row.event_name, 'unknown') || CASE WHEN row.event_name = 'ReEncrypt' THEN ' (' || row.key_role || ')' ELSE '' END
