-- id: enclaves
-- title: Calls from Nitro enclaves
-- description: Calls with the attestation of a Nitro enclave, by key, caller and image. KMS encrypts its response so
--   that only that enclave can read it. Dry runs are left out; a cross-account call counts once.
-- column key: ARN of the key, else what was typed; null for GenerateRandom
-- column caller: the caller
-- column image: digest of the enclave image, as attested; another digest with the same key is another program
-- column uses: number of successful calls
-- column failed: number of failed calls
-- column unattested: number of successful calls by the same caller with the same key without attestation, which may
--   come from outside the enclave: Decrypt, DeriveSharedSecret, GenerateDataKey, GenerateDataKeyPair and (without a
--   key) GenerateRandom
-- column last_time: last call with this image
-- column label: `cloudtrail_delivery` for CloudTrail encrypting its own logs, `self` for keytrail's own calls, else
--   null

WITH calls AS (
  SELECT
    coalesce(key_arn, key_as_typed) AS key, caller, outcome, event_name, event_time, use_label AS label,
    attestation_image_digest AS image,
    attestation_module_id IS NOT NULL OR attestation_image_digest IS NOT NULL AS is_attested
  FROM scope_uses
  WHERE NOT is_dry_run AND outcome <> 'dry_run'
),

unattested AS (
  SELECT key, caller, count(*) AS calls
  FROM calls
  WHERE NOT is_attested AND outcome = 'success'
    AND operation_has(event_name, 'attestation')
  GROUP BY key, caller
),

attested AS (
  SELECT
    key, caller, image, label,
    count(*) FILTER (WHERE outcome = 'success') AS uses,
    count(*) FILTER (WHERE outcome <> 'success') AS failed,
    max(event_time) AS last_time
  FROM calls
  WHERE is_attested
  GROUP BY key, caller, image, label
)

SELECT
  attested.key,
  attested.caller,
  attested.image,
  attested.uses,
  attested.failed,
  coalesce(unattested.calls, 0) AS unattested,
  attested.last_time,
  attested.label
FROM attested
LEFT JOIN unattested
  ON unattested.caller = attested.caller AND (unattested.key IS NOT DISTINCT FROM attested.key)
ORDER BY attested.label NULLS FIRST, attested.key NULLS LAST, attested.uses DESC, attested.caller, attested.image NULLS LAST
