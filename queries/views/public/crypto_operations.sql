-- id: crypto_operations
-- title: Cryptographic operations
-- description: AWS's list of cryptographic operations, by which KMS itself reports when a key was last used. Everything
--   else (DescribeKey, GetPublicKey, CreateGrant, RotateKey, …) is management and not a use. kms_operations has all
--   operations.
-- column event_name: name of the operation
-- column direction: `encrypt` or `decrypt`: data that was encrypted needs the key later
-- depends: kms_operations

SELECT event_name, direction
FROM kms_operations
WHERE class = 'use'
