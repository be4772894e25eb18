-- id: kms_operations
-- title: KMS operations that keytrail knows
-- description: Every KMS operation that this version of keytrail knows, and every event that KMS logs on its own. An
--   operation that is not listed may be a use; unknown_operations has those in the store.
-- column event_name: name of the operation
-- column class: `use` for a cryptographic operation, by which KMS itself reports when a key was last used; `management`
--   for an operation that changes something, `read` for one that changes nothing, neither of which is a use
-- column direction: for a use, `encrypt` or `decrypt`: data that was encrypted needs the key later; else null
-- column opens_key: whether the caller, or someone the caller names, can read what the key protects
-- column takes_context: whether the operation takes an encryption context
-- column takes_attestation: whether the operation takes the attestation of a Nitro enclave

SELECT
  event_name,
  operation_class(event_name) AS class,
  crypto_direction(event_name) AS direction,
  operation_has(event_name, 'opens') AS opens_key,
  operation_has(event_name, 'context') AS takes_context,
  operation_has(event_name, 'attestation') AS takes_attestation
FROM (SELECT unnest(kms_operation_names()) AS event_name)
