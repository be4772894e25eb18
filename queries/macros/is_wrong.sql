-- id: is_wrong
-- title: Whether verification found an object wrong
-- description: What a digest names and is not stored or is not what the digest names, and a digest that is not what CloudTrail signed or does not follow on the one before it.
-- argument status: the status in verifications

status IN ('missing', 'hash_mismatch', 'bad_signature', 'unknown_key', 'chain_broken')
