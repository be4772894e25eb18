-- id: is_replaced
-- title: Whether a record is replaced by a correction
-- description: True where any row of live_replacements is about the record, so that it must not be counted.
-- argument row: the record, with the columns of live_events

EXISTS (SELECT 1 FROM live_replacements WHERE is_replacement(live_replacements, row))
