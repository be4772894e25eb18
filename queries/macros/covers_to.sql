-- id: covers_to
-- title: Until when an object covers what was delivered
-- description: A log covers its own delivery, a digest its hour. Adjacent digests leave two seconds between them, so
--   that one that is missing leaves more than an hour.
-- argument row: a row of the ledger

CASE WHEN row.kind = 'digest' THEN digest_to(row) - INTERVAL '2 seconds' ELSE row.delivery_time END
