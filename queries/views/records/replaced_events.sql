-- id: replaced_events
-- title: Stored records that a later record replaces
-- description: KMS records that must not be counted, by ID, account and content, with their keys: those that a
--   correction names (original_event_id) and, of several corrections of one record, all but the one read last. A
--   correction replaces a record only if both agree on operation, time, account and, where both give it, region; it
--   never replaces itself. One that does not agree is a record of its own. recipient_account_id may be null and then
--   matches null.
-- internal: the counts of their days are made again without them
-- depends: replacements
-- kept: the counts of their days are made anew by it

SELECT DISTINCT
  kms_events.event_id, kms_events.recipient_account_id, kms_events.content_hash, kms_events.event_date,
  coalesce(kms_events.key_arn, kms_events.key_as_typed) AS key,
  coalesce(kms_events.destination_key_arn, kms_events.destination_key_as_typed) AS destination_key
FROM replacements
JOIN kms_events ON is_replacement(replacements, kms_events)
