-- id: covers_from
-- title: From when on an object covers what was delivered
-- description: A log covers its own delivery, a digest its hour.
-- argument row: a row of the ledger

CASE WHEN row.kind = 'digest' THEN digest_from(row) ELSE row.delivery_time END
