-- id: record_role
-- title: Whose record of a call it is
-- description: network for what a VPC endpoint says of a call that went on to KMS, which has a record of its own; caller_copy in the log of another account than the key's, else owner.
-- argument row: the record, with the columns of kms_events
-- argument key: the ARN of the key, or what was typed for it

CASE
  WHEN is_network(row.event_type, row.outcome) THEN 'network'
  WHEN key LIKE 'arn:%' AND nullif(split_part(key, ':', 5), '') <> row.recipient_account_id THEN 'caller_copy'
  ELSE 'owner'
END
