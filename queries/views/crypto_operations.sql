-- id: crypto_operations
-- title: The operations that use a key
-- description: AWS's cryptographic operations, the list by which KMS itself tells when a key was last used.
--   Everything else (DescribeKey, GetPublicKey, CreateGrant, RotateKey, …) is management and no use.
--   direction says what the operation does with the key's protection: what is encrypted needs the key later.

SELECT column1 AS event_name, column2 AS direction
FROM (
  VALUES
    ('Decrypt', 'decrypt'),
    ('DeriveSharedSecret', 'decrypt'),
    ('Encrypt', 'encrypt'),
    ('GenerateDataKey', 'encrypt'),
    ('GenerateDataKeyPair', 'encrypt'),
    ('GenerateDataKeyPairWithoutPlaintext', 'encrypt'),
    ('GenerateDataKeyWithoutPlaintext', 'encrypt'),
    ('GenerateMac', 'encrypt'),
    ('ReEncrypt', 'decrypt'),
    ('Sign', 'encrypt'),
    ('Verify', 'decrypt'),
    ('VerifyMac', 'decrypt')
)
