-- id: told_twice
-- title: Calls of which several records may count
-- description: Key, key_role, day and call_id of the calls of which live_records has more than one record.
-- internal: told_calls has what these records say
-- depends: live_records, copied_keys
-- kept: all records are looked up in it

SELECT key_arn, key_role, event_date, call_id
FROM live_records
-- Of any other key one account's log tells all.
WHERE call_id IS NOT NULL AND key_arn IN (SELECT any_key FROM copied_keys)
GROUP BY key_arn, key_role, event_date, call_id
HAVING count(*) > 1
