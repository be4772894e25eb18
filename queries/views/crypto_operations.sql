-- id: crypto_operations
-- title: The operations that use a key
-- description: AWS's cryptographic operations, the list by which KMS itself tells when a key was last used.
--   Everything else (DescribeKey, GetPublicKey, CreateGrant, RotateKey, …) is management and no use.
--   direction says what the operation does with the key's protection: what is encrypted needs the key later.
--   kms_operations has all operations.
-- depends: kms_operations

SELECT event_name, direction
FROM kms_operations
WHERE class = 'use'
