-- id: kms_operations
-- title: The operations of KMS
-- description: Every operation of KMS that this version of keytrail knows, and every event that KMS logs by itself.
--   class is use for a cryptographic operation, by which KMS itself tells when a key was last used; management for one
--   that changes something, and read for one that changes nothing, neither of which is a use. direction, of a use, is
--   encrypt or decrypt: what is encrypted needs the key later. opens_key: the caller, or somebody it names,
--   can read what the key protects. takes_context: it takes an encryption context. takes_attestation: it takes the attestation
--   of a Nitro enclave. An operation that is not here may be a use; unknown_operations lists those in the store.

SELECT
  event_name,
  operation_class(event_name) AS class,
  crypto_direction(event_name) AS direction,
  operation_has(event_name, 'opens') AS opens_key,
  operation_has(event_name, 'context') AS takes_context,
  operation_has(event_name, 'attestation') AS takes_attestation
FROM (SELECT unnest(kms_operation_names()) AS event_name)
