"""ClickHouse reads the KMS events of a tree of logs and writes 14 columns of them as Parquet.

Arguments: folder, file to write, threads. Prints JSON: rows, distinct events, seconds without the start of the engine.
Of the ways to ask for it this one was the fastest: objects are read with a schema of just what is needed, so that
nothing is parsed twice.
"""

import json
import sys
import time

import chdb

RECORD = """Tuple(
    eventTime DateTime, eventID String, eventName String, eventSource LowCardinality(String), awsRegion String,
    recipientAccountId String, userIdentity Tuple(arn Nullable(String), type Nullable(String)),
    sourceIPAddress Nullable(String), errorCode Nullable(String), resources Array(Tuple(ARN Nullable(String))),
    requestParameters Tuple(keyId Nullable(String), encryptionContext Nullable(String)),
    userAgent Nullable(String), readOnly Nullable(Bool))"""

STATEMENT = """
INSERT INTO FUNCTION file('{out}', 'Parquet')
SELECT
    record.eventTime AS event_time, record.eventID AS event_id, record.eventName AS event_name,
    record.awsRegion AS aws_region, record.recipientAccountId AS recipient_account_id,
    record.userIdentity.arn AS caller_arn, record.userIdentity.type AS user_type,
    record.sourceIPAddress AS source_ip, record.errorCode AS error_code, record.resources[1].ARN AS key_arn,
    record.requestParameters.keyId AS key_as_typed,
    record.requestParameters.encryptionContext AS encryption_context,
    record.userAgent AS user_agent, record.readOnly AS read_only
FROM (
    SELECT arrayJoin(Records) AS record
    FROM file('{folder}/**/*.json.gz', 'JSONEachRow', 'Records Array({record})')
)
WHERE record.eventSource = 'kms.amazonaws.com'
SETTINGS
    max_threads = {threads}, max_insert_threads = {threads}, date_time_input_format = 'best_effort',
    input_format_skip_unknown_fields = 1, input_format_json_ignore_unknown_keys_in_named_tuple = 1,
    input_format_json_read_objects_as_strings = 1, input_format_null_as_default = 1,
    output_format_parquet_compression_method = 'zstd'
"""


def main(folder: str, out: str, threads: str) -> None:
    """Runs the statement and counts what it wrote."""
    version = chdb.query("SELECT version()").data().strip().strip('"')
    start = time.perf_counter()
    chdb.query(STATEMENT.format(folder=folder, out=out, threads=threads, record=RECORD))
    seconds = time.perf_counter() - start
    counted = chdb.query(
        f"SELECT count() AS rows, uniqExact(event_id, recipient_account_id) AS events FROM file('{out}', 'Parquet')",
        "JSONEachRow",
    )
    told = {name: int(value) for name, value in json.loads(counted.data()).items()}
    print(json.dumps({"engine": f"ClickHouse {version}", **told, "seconds": seconds}))


main(*sys.argv[1:])
