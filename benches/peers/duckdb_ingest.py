"""DuckDB reads the KMS events of a tree of logs and writes 14 columns of them as Parquet.

Arguments: folder, file to write, threads. Prints JSON: rows, distinct events, seconds without the start of the engine.
Of the ways to ask for it this one was the fastest by far: a list of typed records takes several times as long, and so
does any record that is typed before it is known to be wanted.
"""

import json
import sys
import time

import duckdb

RECORD = {
    "eventTime": "TIMESTAMP",
    "eventID": "VARCHAR",
    "eventName": "VARCHAR",
    "awsRegion": "VARCHAR",
    "recipientAccountId": "VARCHAR",
    "userIdentity": {"arn": "VARCHAR", "type": "VARCHAR"},
    "sourceIPAddress": "VARCHAR",
    "errorCode": "VARCHAR",
    "resources": [{"ARN": "VARCHAR"}],
    "requestParameters": {"keyId": "VARCHAR", "encryptionContext": "JSON"},
    "userAgent": "VARCHAR",
    "readOnly": "BOOLEAN",
}

STATEMENT = """
COPY (
    SELECT
        record."eventTime" AS event_time, record."eventID" AS event_id, record."eventName" AS event_name,
        record."awsRegion" AS aws_region, record."recipientAccountId" AS recipient_account_id,
        record."userIdentity".arn AS caller_arn, record."userIdentity"."type" AS user_type,
        record."sourceIPAddress" AS source_ip, record."errorCode" AS error_code,
        record.resources[1]."ARN" AS key_arn, record."requestParameters"."keyId" AS key_as_typed,
        CAST(record."requestParameters"."encryptionContext" AS VARCHAR) AS encryption_context,
        record."userAgent" AS user_agent, record."readOnly" AS read_only
    FROM (
        SELECT from_json(text, '{record}') AS record
        FROM (
            SELECT unnest(json_extract(json, '$.Records[*]')) AS text
            FROM read_json_objects(
                '{folder}/**/*.json.gz', format = 'unstructured', maximum_object_size = 268435456
            )
        )
        WHERE contains(CAST(text AS VARCHAR), 'kms.amazonaws.com') AND text->>'eventSource' = 'kms.amazonaws.com'
    )
) TO '{out}' (FORMAT parquet, COMPRESSION zstd)
"""


def main(folder: str, out: str, threads: str) -> None:
    """Runs the statement and counts what it wrote."""
    connection = duckdb.connect(config={"threads": int(threads), "preserve_insertion_order": False})
    start = time.perf_counter()
    connection.execute(STATEMENT.format(folder=folder, out=out, record=json.dumps(RECORD)))
    seconds = time.perf_counter() - start
    counted = connection.execute(
        f"SELECT count(*), count(DISTINCT (event_id, recipient_account_id)) FROM '{out}'"
    ).fetchone()
    assert counted is not None
    rows, events = counted
    print(json.dumps({"engine": f"DuckDB {duckdb.__version__}", "rows": rows, "events": events, "seconds": seconds}))


main(*sys.argv[1:])
