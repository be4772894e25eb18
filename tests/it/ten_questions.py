"""Answers twelve questions from the stored tables `key_uses` and `uses_daily`, each with deltalake and with Polars, and
prints the answers as JSON. Every query is what a user would write from docs/schema.md: one table, WHERE, GROUP BY."""

import datetime
import json
import sys

import polars
from deltalake import DeltaTable, QueryBuilder
from polars import col

USE = "kind = 'use' AND outcome = 'success' AND NOT is_dry_run"
IS_USE = (col("kind") == "use") & (col("outcome") == "success") & ~col("is_dry_run")


def who_used(uses, key):
    by = ["caller", "service", "use_label"]
    sql = f"""SELECT caller, service, use_label, count(*) AS uses, max(event_time) AS last_time
              FROM key_uses WHERE key_arn = '{key}' AND {USE} GROUP BY caller, service, use_label"""
    return sql, uses.filter(col("key_arn") == key, IS_USE).group_by(by).agg(
        polars.len().alias("uses"), col("event_time").max().alias("last_time")
    )


def last_use(uses, since):
    sql = f"""SELECT key_arn, max(event_time) FILTER (WHERE {USE}) AS last_use, count(*) FILTER (WHERE {USE}) AS uses
              FROM key_uses WHERE key_arn IS NOT NULL
              GROUP BY key_arn HAVING last_use IS NULL OR last_use < '{since}'"""
    last = col("last_use")
    return sql, uses.filter(col("key_arn").is_not_null()).group_by("key_arn").agg(
        col("event_time").filter(IS_USE).max().alias("last_use"), IS_USE.sum().alias("uses")
    ).filter(last.is_null() | (last < datetime.datetime.fromisoformat(since)))


def denied(uses):
    sql = """SELECT caller, denied_by, count(*) AS refusals
             FROM key_uses WHERE outcome = 'denied' AND NOT is_dry_run AND key_role <> 'destination'
             GROUP BY caller, denied_by"""
    calls = uses.filter(col("outcome") == "denied", ~col("is_dry_run"), col("key_role") != "destination")
    return sql, calls.group_by("caller", "denied_by").agg(polars.len().alias("refusals"))


def throttled(uses):
    sql = """SELECT event_time, region, caller, event_name, coalesce(key_arn, key_as_typed) AS key,
               count(*) AS throttled
             FROM key_uses WHERE outcome = 'throttled' AND key_role <> 'destination' GROUP BY 1, 2, 3, 4, 5"""
    key = polars.coalesce("key_arn", "key_as_typed").alias("key")
    calls = uses.filter(col("outcome") == "throttled", col("key_role") != "destination")
    return sql, calls.group_by("event_time", "region", "caller", "event_name", key).agg(
        polars.len().alias("throttled")
    )


def cross_account(uses):
    sql = """SELECT caller, key_arn, count(*) FILTER (WHERE outcome = 'success') AS uses,
               count(*) FILTER (WHERE outcome <> 'success') AS failed
             FROM key_uses
             WHERE kind = 'use' AND NOT is_dry_run AND caller_account_id <> split_part(key_arn, ':', 5)
             GROUP BY caller, key_arn"""
    key_account = col("key_arn").str.split(":").list.get(4)
    calls = uses.filter(col("kind") == "use", ~col("is_dry_run"), col("caller_account_id") != key_account)
    return sql, calls.group_by("caller", "key_arn").agg(
        (col("outcome") == "success").sum().alias("uses"), (col("outcome") != "success").sum().alias("failed")
    )


def operations_by_day(counts):
    sql = """SELECT event_date, event_name, use_label, sum("count") AS calls
             FROM uses_daily WHERE outcome <> 'dry_run' AND key_role <> 'destination'
             GROUP BY event_date, event_name, use_label"""
    calls = counts.filter(col("outcome") != "dry_run", col("key_role") != "destination")
    return sql, calls.group_by("event_date", "event_name", "use_label").agg(col("count").sum().alias("calls"))


def top_callers(uses):
    sql = """SELECT caller, use_label, count(*) FILTER (WHERE outcome = 'success') AS uses,
               count(*) FILTER (WHERE outcome <> 'success') AS failed
             FROM key_uses WHERE kind = 'use' AND NOT is_dry_run GROUP BY caller, use_label"""
    calls = uses.filter(col("kind") == "use", ~col("is_dry_run"))
    return sql, calls.group_by("caller", "use_label").agg(
        (col("outcome") == "success").sum().alias("uses"), (col("outcome") != "success").sum().alias("failed")
    )


def resources(uses):
    sql = f"""SELECT key_arn, resource, count(*) AS operations
              FROM (SELECT key_arn, unnest(resource_list) AS resource FROM key_uses WHERE {USE})
              WHERE resource NOT LIKE 'arn:aws:s3:::%' GROUP BY key_arn, resource"""
    named = uses.filter(IS_USE).select("key_arn", resource=col("resource_list")).explode("resource")
    named = named.filter(~col("resource").str.starts_with("arn:aws:s3:::"))
    return sql, named.group_by("key_arn", "resource").agg(polars.len().alias("operations"))


def tls(uses):
    by = ["caller", "tls_version", "tls_key_exchange", "use_label"]
    sql = """SELECT caller, tls_version, tls_key_exchange, use_label, count(*) AS calls, max(event_time) AS last_time
             FROM key_uses GROUP BY caller, tls_version, tls_key_exchange, use_label"""
    return sql, uses.group_by(by).agg(polars.len().alias("calls"), col("event_time").max().alias("last_time"))


def key_material(uses):
    by = ["key_arn", "key_material_id"]
    sql = f"""SELECT key_arn, key_material_id, count(*) AS operations, count(DISTINCT caller) AS callers
              FROM key_uses WHERE {USE} AND key_material_id IS NOT NULL GROUP BY key_arn, key_material_id"""
    return sql, uses.filter(IS_USE, col("key_material_id").is_not_null()).group_by(by).agg(
        polars.len().alias("operations"), col("caller").n_unique().alias("callers")
    )


def rhythm(uses):
    sql = f"""SELECT date_part('isodow', event_time) AS weekday, date_part('hour', event_time) AS hour, use_label,
                count(*) AS uses
              FROM key_uses WHERE {USE} GROUP BY 1, 2, 3"""
    weekday, hour = col("event_time").dt.weekday().alias("weekday"), col("event_time").dt.hour().alias("hour")
    return sql, uses.filter(IS_USE).group_by(weekday, hour, "use_label").agg(polars.len().alias("uses"))


def context_names(uses, name):
    by = ["key_arn", "use_label"]
    sql = f"""SELECT key_arn, use_label, count(*) AS uses
              FROM key_uses WHERE {USE} AND encryption_context LIKE '%"{name}":%' GROUP BY key_arn, use_label"""
    named = col("encryption_context").str.contains(f'"{name}":', literal=True)
    return sql, uses.filter(IS_USE, named).group_by(by).agg(polars.len().alias("uses"))


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat() if isinstance(value, datetime.date) else value


def answers(rows):
    return [{name: plain(value) for name, value in row.items()} for row in rows]


def main(store, key, since, context):
    tables = {name: f"{store}/{name}" for name in ["key_uses", "uses_daily", "kms_events", "settlements"]}
    uses, counts = polars.scan_delta(tables["key_uses"]), polars.scan_delta(tables["uses_daily"])
    engine = QueryBuilder()
    for name, path in tables.items():
        engine = engine.register(name, DeltaTable(path))
    days = [
        f"SELECT DISTINCT event_date FROM {name}" for name in ["kms_events", "settlements", "key_uses", "uses_daily"]
    ]
    questions = {
        "who_used": who_used(uses, key),
        "last_use": last_use(uses, since),
        "denied": denied(uses),
        "throttled": throttled(uses),
        "cross_account": cross_account(uses),
        "operations_by_day": operations_by_day(counts),
        "top_callers": top_callers(uses),
        "resources": resources(uses),
        "tls": tls(uses),
        "key_material": key_material(uses),
        "rhythm": rhythm(uses),
        "context_names": context_names(uses, context),
    }
    found = {"days": [sorted(row["event_date"].isoformat() for row in rows_of(engine, sql)) for sql in days]}
    for name, (sql, frame) in questions.items():
        found[name] = {"deltalake": answers(rows_of(engine, sql)), "polars": answers(frame.collect().to_dicts())}
    json.dump(found, sys.stdout)


def rows_of(engine, sql):
    rows = engine.execute(sql).read_all()
    columns = {name: rows[name].to_pylist() for name in rows.schema.names}
    return [dict(zip(columns, values)) for values in zip(*columns.values())]


main(*sys.argv[1:])
