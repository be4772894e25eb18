"""DuckDB answers what keytrail's reports answer, in process and warm, over Parquet files.

Arguments: a question, its own arguments, and a JSON file of paths. Prints JSON. The files of a question are one view;
metadata and pages stay in DuckDB's caches between runs, as they would in a session that stays open.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import duckdb

# What the report counts, without its care: no corrections, no second record of one call, no aliases, no samples.
WHO_USED = """
SELECT
    CASE WHEN event_name IN (
        'Decrypt', 'DeriveSharedSecret', 'Encrypt', 'GenerateDataKey', 'GenerateDataKeyPair',
        'GenerateDataKeyPairWithoutPlaintext', 'GenerateDataKeyWithoutPlaintext', 'GenerateMac', 'ReEncrypt', 'Sign',
        'Verify', 'VerifyMac'
    ) THEN 'use' ELSE 'management' END AS kind,
    caller, service, use_label AS label,
    histogram(event_name) AS operations,
    count(*) FILTER (outcome = 'success') AS successes,
    count(*) FILTER (outcome <> 'success') AS failures,
    histogram(outcome) FILTER (outcome <> 'success') AS failure_reasons,
    count(DISTINCT session_name) FILTER (WHERE outcome = 'success') AS sessions,
    count(DISTINCT resource) AS resources,
    epoch_us(min(event_time)) AS first_time,
    epoch_us(max(event_time)) AS last_time
FROM events
WHERE (key_arn = $key OR destination_key_arn = $key) AND NOT is_dry_run AND outcome <> 'dry_run'
GROUP BY ALL
ORDER BY kind DESC, label NULLS FIRST, successes DESC, failures DESC, caller, service NULLS FIRST
"""

SCAN = "SELECT caller, event_name, count(*) AS events FROM events GROUP BY ALL ORDER BY ALL"

# What a question about one key must look at, were nothing known of where it lies.
NEEDED = [
    "event_time", "event_date", "key_arn", "key_as_typed", "destination_key_arn", "destination_key_as_typed", "caller",
    "event_name", "outcome", "service", "resource", "resource_list", "recipient_account_id", "region", "event_id",
    "session_name", "shared_event_id", "content_hash", "is_dry_run", "is_correction", "use_label",
]  # fmt: skip


def events(connection: duckdb.DuckDBPyConnection, paths: list[str]) -> None:
    """The files as a view."""
    listed = ", ".join(f"'{path}'" for path in paths)
    connection.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet([{listed}], hive_partitioning = false)")


def timed(connection: duckdb.DuckDBPyConnection, statement: str, values: dict[str, str], runs: int) -> dict[str, Any]:
    """The answer, and the seconds of each run after one that does not count."""
    connection.execute("SET parquet_metadata_cache = true")
    answer = connection.execute(statement, values).fetchall()
    names = [column[0] for column in connection.description or []]
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        answer = connection.execute(statement, values).fetchall()
        seconds.append(time.perf_counter() - start)
    rows = [
        {name: None if value is None else str(value) for name, value in zip(names, row, strict=True)} for row in answer
    ]
    return {"rows": len(rows), "seconds": seconds, "answer": rows}


def needed_bytes(connection: duckdb.DuckDBPyConnection, paths: list[str]) -> dict[str, Any]:
    """The bytes of the needed columns in all files."""
    listed = ", ".join(f"'{path}'" for path in paths)
    columns = ", ".join(f"'{name}'" for name in NEEDED)
    counted = connection.execute(
        "SELECT sum(total_compressed_size), count(DISTINCT split_part(path_in_schema, ', ', 1)) "
        f"FROM parquet_metadata([{listed}]) WHERE split_part(path_in_schema, ', ', 1) IN ({columns})"
    ).fetchone()
    assert counted is not None and counted[1] == len(NEEDED), counted
    return {"bytes": int(counted[0])}


def daily(connection: duckdb.DuckDBPyConnection, paths: list[str], ledger: list[str], folder: Path) -> dict[str, Any]:
    """Writes the same rows as daily files, in the order in which their objects arrived."""
    events(connection, paths)
    listed = ", ".join(f"'{path}'" for path in ledger)
    connection.execute(
        f"CREATE TABLE arrivals AS SELECT DISTINCT object_id, delivery_time FROM read_parquet([{listed}])"
    )
    folder.mkdir(parents=True, exist_ok=True)
    columns = ", ".join(NEEDED)
    days = [row[0] for row in connection.execute("SELECT DISTINCT event_date FROM events ORDER BY 1").fetchall()]
    rows = 0
    for month in sorted({str(day)[:7] for day in days}):
        connection.execute(
            f"CREATE OR REPLACE TABLE month AS SELECT {columns} FROM events JOIN arrivals USING (object_id) "
            f"WHERE strftime(event_date, '%Y-%m') = '{month}' "
            "ORDER BY event_date, delivery_time, object_id, record_number"
        )
        for day in (day for day in days if str(day).startswith(month)):
            path = folder / f"{day}.parquet"
            connection.execute(
                f"COPY (SELECT * FROM month WHERE event_date = '{day}') TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
            )
            counted = connection.execute(f"SELECT count(*) FROM '{path}'").fetchone()
            rows += counted[0] if counted else 0
    return {"rows": rows, "files": len(days)}


def main(request_path: str) -> None:
    """Answers the request of a JSON file."""
    request = json.loads(Path(request_path).read_text())
    threads, question, paths = request["threads"], request["question"], request["paths"]
    database = request.get("database", ":memory:")
    connection = duckdb.connect(database, config={"threads": threads, "memory_limit": "6GB"})
    if question == "daily":
        told = daily(connection, paths, request["ledger"], Path(request["folder"]))
    elif question == "needed-bytes":
        told = needed_bytes(connection, paths)
    else:
        events(connection, paths)
        statement, values = {"who-used": (WHO_USED, {"key": request.get("key")}), "scan": (SCAN, {})}[question]
        told = timed(connection, statement, values, request["runs"])
    print(json.dumps({"engine": f"DuckDB {duckdb.__version__}", **told}))


main(sys.argv[1])
