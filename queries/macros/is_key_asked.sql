-- id: is_key_asked
-- title: Whether a key is given
-- description: True where the report was asked about one key.

cardinality($key_arns) > 0 OR cardinality($key_names) > 0
