-- id: replaced_events
-- title: The records that a later record corrects
-- description: The KMS records that must not be counted, by id, account of the log and content, with what they tell of their
--   keys: those that
--   a correction names (original_event_id), and of several corrections of one record all but the one that
--   was read last. A correction tells the same call anew, so it replaces a record only where the two agree
--   in operation, time, account of the log and, where both tell it, region; and never itself. One that
--   does not agree is a record of its own and hides nothing. recipient_account_id may be null and then
--   matches null. Whoever has the record itself asks replacements, which reads the corrections alone.
-- depends: replacements
-- kept: the counts of their days are made anew by it

SELECT DISTINCT
  kms_events.event_id, kms_events.recipient_account_id, kms_events.content_hash, kms_events.event_date,
  coalesce(kms_events.key_arn, kms_events.key_as_typed) AS key,
  coalesce(kms_events.destination_key_arn, kms_events.destination_key_as_typed) AS destination_key
FROM replacements
JOIN kms_events ON is_replacement(replacements, kms_events)
