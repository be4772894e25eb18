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

USES = """
    event_name IN (
        'Decrypt', 'DeriveSharedSecret', 'Encrypt', 'GenerateDataKey', 'GenerateDataKeyPair',
        'GenerateDataKeyPairWithoutPlaintext', 'GenerateDataKeyWithoutPlaintext', 'GenerateMac', 'ReEncrypt', 'Sign',
        'Verify', 'VerifyMac'
    ) AND outcome = 'success' AND NOT is_dry_run
"""

# The figures of the reports that must read every event, counted by record: no second record of one call is left out, no
# correction, nothing is resolved and no note is taken.
REPORTS = {
    "denied": """
        SELECT caller, event_name, coalesce(key_arn, key_as_typed) AS key, denied_by, use_label, count(*), max(event_time)
        FROM events WHERE outcome = 'denied' AND NOT is_dry_run GROUP BY 1, 2, 3, 4, 5 ORDER BY ALL
    """,
    "enclaves": """
        SELECT key_arn, caller, attestation_image_digest, count(*), max(event_time)
        FROM events WHERE attestation_module_id IS NOT NULL OR attestation_image_digest IS NOT NULL
        GROUP BY 1, 2, 3 ORDER BY ALL
    """,
    "encryption-context": f"""
        SELECT key_arn, name, count(*), count(DISTINCT value)
        FROM (
            SELECT key_arn, unnest(json_keys(encryption_context)) AS name, encryption_context AS value
            FROM events WHERE {USES}
        )
        GROUP BY 1, 2 ORDER BY ALL
    """,
    "first-seen": """
        SELECT * FROM (
            SELECT 'caller' AS kind, caller AS name, min(event_time) AS first FROM events GROUP BY 2
            UNION ALL SELECT 'key', coalesce(key_arn, key_as_typed), min(event_time) FROM events GROUP BY 2
            UNION ALL SELECT 'resource', unnest(resource_list), min(event_time) FROM events GROUP BY 2
            UNION ALL SELECT 'network', regexp_replace(source_ip, '[.][0-9]+$', ''), min(event_time) FROM events GROUP BY 2
        ) WHERE first > (SELECT max(event_time) FROM events) - INTERVAL 7 DAY ORDER BY ALL
    """,
    "grants": """
        SELECT grant_id, key_arn, min(event_time), max(event_time), count(*)
        FROM events WHERE grant_id IS NOT NULL AND outcome = 'success' GROUP BY 1, 2 ORDER BY ALL
    """,
    "key-material": f"""
        SELECT key_arn, key_material_id, event_name = 'Decrypt' AS is_decrypt, count(*), count(DISTINCT caller),
            max(event_time)
        FROM events WHERE {USES} AND key_material_id IS NOT NULL GROUP BY 1, 2, 3 ORDER BY ALL
    """,
    "rhythm": f"""
        SELECT use_label, dayofweek(event_time), hour(event_time), count(*), count(DISTINCT event_date)
        FROM events WHERE {USES} GROUP BY 1, 2, 3 ORDER BY ALL
    """,
    "throttled-callers": """
        WITH throttled AS (
            SELECT DISTINCT recipient_account_id AS account, region, date_trunc('second', event_time) AS second
            FROM events WHERE outcome = 'throttled' AND NOT is_dry_run
        )
        SELECT second, account, events.region, caller, event_name, key_arn, count(*)
        FROM events JOIN throttled
            ON date_trunc('second', event_time) = second AND recipient_account_id = account
            AND events.region = throttled.region
        GROUP BY ALL ORDER BY ALL
    """,
    "tls": """
        SELECT caller, tls_version, tls_key_exchange, use_label, count(*), max(event_time)
        FROM events GROUP BY 1, 2, 3, 4 ORDER BY ALL
    """,
}

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
        asked = {"who-used": (WHO_USED, {"key": request.get("key")}), "scan": (SCAN, {})}
        asked |= {f"report {name}": (statement, {}) for name, statement in REPORTS.items()}
        statement, values = asked[question]
        told = timed(connection, statement, values, request["runs"])
    print(json.dumps({"engine": f"DuckDB {duckdb.__version__}", **told}))


main(sys.argv[1])
