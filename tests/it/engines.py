"""Reads every table of a store with deltalake and with Polars, and prints what they find as JSON."""

import json
import pathlib
import sys

import polars
from deltalake import DeltaTable, QueryBuilder


def query(table, statement):
    rows = QueryBuilder().register("t", table).execute(statement).read_all()
    columns = {name: rows[name].to_pylist() for name in rows.schema.names}
    return [dict(zip(columns, values)) for values in zip(*columns.values())]


def iso(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def table(path):
    delta = DeltaTable(path)
    protocol = delta.protocol()
    assert not protocol.reader_features and not protocol.writer_features
    return {
        "protocol": [protocol.min_reader_version, protocol.min_writer_version],
        "columns": [field.name for field in delta.schema().fields],
        "deltalake": query(delta, "SELECT count(*) AS n FROM t")[0]["n"],
        "polars_read": polars.read_delta(path).height,
        "polars_scan": polars.scan_delta(path).select(polars.len()).collect().item(),
    }


def in_deltalake(store):
    events, usage = DeltaTable(f"{store}/kms_events"), DeltaTable(f"{store}/usage_daily")
    times = query(events, "SELECT min(event_time) AS first, max(event_time) AS last FROM t")[0]
    return {
        "outcomes": query(events, "SELECT outcome, count(*) AS n FROM t GROUP BY 1 ORDER BY 1"),
        "times": {name: iso(time) for name, time in times.items()},
        "usage": query(usage, "SELECT sum(count) AS n FROM t")[0]["n"],
        "keys": query(
            events,
            "SELECT key_arn, event_month, count(*) AS n FROM t WHERE key_arn IS NOT NULL "
            "GROUP BY 1, 2 ORDER BY 1, 2",
        ),
    }


def in_polars(store):
    events, usage = polars.scan_delta(f"{store}/kms_events"), polars.scan_delta(f"{store}/usage_daily")
    time = polars.col("event_time")
    times = events.select(time.min().alias("first"), time.max().alias("last")).collect().to_dicts()[0]

    def counted(rows, *columns):
        return rows.group_by(columns).agg(polars.len().alias("n")).sort(columns).collect().to_dicts()

    return {
        "outcomes": counted(events, "outcome"),
        "times": {name: iso(time) for name, time in times.items()},
        "usage": usage.select(polars.col("count").sum()).collect().item(),
        "keys": counted(events.filter(polars.col("key_arn").is_not_null()), "key_arn", "event_month"),
    }


def main(store):
    logs = pathlib.Path(store).glob("*/_delta_log")
    found = {log.parent.name: table(str(log.parent)) for log in sorted(logs)}
    found["aggregates"] = {"deltalake": in_deltalake(store), "polars": in_polars(store)}
    json.dump(found, sys.stdout)


main(sys.argv[1])
