-- id: is_replaced
-- title: Whether a record is replaced by a correction
-- description: True where any row of replacements is about the record, so that it must not be counted.
-- argument row: the record, with the columns of kms_events

EXISTS (SELECT 1 FROM replacements WHERE is_replacement(replacements, row))
