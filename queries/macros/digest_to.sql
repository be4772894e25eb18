-- id: digest_to
-- title: When the hour of a digest ends
-- description: Its delivery where the digest does not say.
-- argument row: the digest, with the columns of the ledger

coalesce(row.digest_end_time, row.delivery_time)
