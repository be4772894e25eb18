-- id: digest_from
-- title: When the hour of a digest begins
-- description: The hour before its delivery where the digest does not say.
-- argument row: the digest, with the columns of the ledger

coalesce(row.digest_start_time, row.delivery_time - INTERVAL '1 hour')
