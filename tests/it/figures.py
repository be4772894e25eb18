"""Computes the figures of views and reports with DuckDB, from the store's Parquet files, and prints them as JSON.

Nothing of `queries/` is used: each statement says anew, and where it can in another way, what is to be counted.
"""

import json
import sys

import duckdb
from deltalake import DeltaTable

TABLES = ["kms_events"]

# AWS's list of cryptographic operations.
USES = """
    'Decrypt', 'DeriveSharedSecret', 'Encrypt', 'GenerateDataKey', 'GenerateDataKeyPair',
    'GenerateDataKeyPairWithoutPlaintext', 'GenerateDataKeyWithoutPlaintext', 'GenerateMac', 'ReEncrypt',
    'Sign', 'Verify', 'VerifyMac'
"""

RELATIONS = {
    # Every correction beside the record that it tells anew.
    "corrections": """
        SELECT old.content_hash AS original, new.content_hash, new.event_id, new.ingest_seq
        FROM kms_events AS new, kms_events AS old
        WHERE new.addendum_reason = 'UPDATED_DATA' AND new.original_event_id = old.event_id
          AND new.event_id <> old.event_id AND new.event_name = old.event_name AND new.event_time = old.event_time
          AND coalesce(new.recipient_account_id, '') = coalesce(old.recipient_account_id, '')
          AND coalesce(new.region, old.region, '') = coalesce(old.region, new.region, '')
    """,
    "latest": """
        SELECT original, arg_max(content_hash, (ingest_seq, event_id, hex(content_hash))) AS content_hash
        FROM corrections GROUP BY original
    """,
    "standing": """
        SELECT * FROM kms_events
        WHERE content_hash NOT IN (SELECT original FROM corrections)
          -- What a VPC endpoint tells of a call that it let through is no call of its own.
          AND NOT (coalesce(event_type, '') IN ('AwsVpceEvent', 'AwsVpceEvents') AND outcome <> 'denied')
          AND (
            content_hash NOT IN (SELECT content_hash FROM corrections)
            OR content_hash IN (SELECT content_hash FROM latest)
          )
    """,
    # Where each alias was seen to point, by operations and by calls that tell the key, in the order of time.
    "sightings": """
        SELECT
          coalesce(nullif(split_part(key_arn, ':', 5), ''), recipient_account_id) AS account,
          coalesce(nullif(split_part(key_arn, ':', 4), ''), region) AS region,
          regexp_replace(CASE WHEN event_name LIKE '%Alias' THEN alias_name ELSE key_as_typed END, '^arn:.*:alias/', 'alias/') AS alias,
          event_time, event_name NOT LIKE '%Alias' AS is_observed, event_name = 'DeleteAlias' AS is_end, key_arn
        FROM kms_events
        WHERE key_arn IS NOT NULL AND (
          (event_name IN ('CreateAlias', 'UpdateAlias', 'DeleteAlias') AND outcome = 'success')
          OR (event_name NOT LIKE '%Alias' AND regexp_matches(key_as_typed, '^(arn:.*:)?alias/'))
        )
    """,
    "first_sightings": """
        SELECT account, region, alias, arg_min(key_arn, event_time) AS key_arn
        FROM sightings
        GROUP BY account, region, alias
        HAVING arg_min(is_observed, event_time)
    """,
    # Each event once for each of its keys.
    "sides": """
        SELECT * EXCLUDE (key_arn, key_as_typed), 'first' AS side, key_arn, key_as_typed FROM standing
        UNION ALL BY NAME
        SELECT
          * EXCLUDE (key_arn, key_as_typed), 'second' AS side,
          destination_key_arn AS key_arn, destination_key_as_typed AS key_as_typed
        FROM standing
        WHERE destination_key_arn IS NOT NULL OR destination_key_as_typed IS NOT NULL
    """,
    "typed": """
        SELECT
          *, coalesce(caller_account_id, recipient_account_id) AS typed_account,
          regexp_replace(key_as_typed, '^arn:.*:alias/', 'alias/') AS alias
        FROM sides WHERE key_arn IS NULL
    """,
    "by_alias": """
        SELECT typed.* EXCLUDE (key_arn), coalesce(CASE WHEN NOT s.is_end THEN s.key_arn END, CASE WHEN s.alias IS NULL THEN f.key_arn END) AS key_arn
        FROM typed
        ASOF LEFT JOIN sightings AS s
          ON s.alias = typed.alias AND s.account = typed.typed_account AND s.region = typed.region
          AND s.event_time <= typed.event_time
        LEFT JOIN first_sightings AS f
          ON f.alias = typed.alias AND f.account = typed.typed_account AND f.region = typed.region
    """,
    "known": """
        SELECT key_arn, regexp_extract(key_arn, 'key/(.*)$', 1) AS id
        FROM (SELECT key_arn, outcome FROM kms_events UNION ALL SELECT destination_key_arn, outcome FROM kms_events)
        WHERE key_arn LIKE 'arn:%:kms:%:key/%' AND outcome <> 'not_found'
        GROUP BY ALL
    """,
    "resolved": """
        SELECT * EXCLUDE (alias, typed_account, key_arn), coalesce(by_alias.key_arn, known.key_arn) AS key_arn, by_alias.key_arn IS NOT NULL AS is_by_alias
        FROM by_alias
        LEFT JOIN known
          ON known.id = by_alias.key_as_typed AND split_part(known.key_arn, ':', 5) = typed_account
          AND split_part(known.key_arn, ':', 4) = region
        UNION ALL BY NAME
        SELECT *, false AS is_by_alias FROM sides WHERE key_arn IS NOT NULL
    """,
    # Each operation once for each key: of two records of one call one, under the name that says most.
    "calls": f"""
        SELECT
          key_arn, side, coalesce(shared_event_id, hex(content_hash)) AS call,
          any_value(event_name) AS event_name,
          any_value(event_name) IN ({USES}) AS is_use,
          any_value(CASE WHEN is_dry_run OR outcome = 'dry_run' THEN 'dry_run' ELSE outcome END) AS outcome,
          min(event_time) AS event_time,
          count(DISTINCT recipient_account_id) AS logs,
          arg_min(caller, (caller LIKE 'account:%', recipient_account_id)) AS caller,
          arg_min(denied_by, recipient_account_id) AS denied_by,
          any_value(grant_id) AS grant_id
        FROM resolved
        GROUP BY ALL
    """,
    "uses": "SELECT * FROM calls WHERE is_use AND outcome = 'success'",
}

TIME = "strftime({}, '%Y-%m-%dT%H:%M:%SZ')"

FIGURES = {
    "uses_per_key": "SELECT key_arn AS key, count(*) AS n FROM uses WHERE key_arn IS NOT NULL GROUP BY ALL",
    "callers_per_key": "SELECT key_arn AS key, caller, count(*) AS n FROM uses WHERE key_arn IS NOT NULL GROUP BY ALL",
    "cross_account_once": "SELECT key_arn AS key, caller, count(*) AS n FROM uses WHERE logs > 1 GROUP BY ALL",
    "corrections_applied": """
        SELECT original_event_id AS original, event_id AS stands FROM standing WHERE original_event_id IS NOT NULL
    """,
    "alias_resolved": "SELECT event_id AS id, key_arn AS key FROM resolved WHERE is_by_alias",
    # An object of a bucket stands for the bucket, and a bucket counts once a record. Of a ReEncrypt each key has
    # the resources that the context of its side names.
    "resources_per_key": f"""
        SELECT key, resource, count(*) AS n
        FROM (
          SELECT DISTINCT key, content_hash, regexp_replace(resource, '^(arn:[^:]*:s3:::[^/]*)/.*$', '\\1') AS resource
          FROM (
            SELECT
              key_arn AS key, content_hash, event_name, unnest(resource_list) AS resource, encryption_context AS context
            FROM kms_events
            WHERE outcome = 'success' AND NOT is_dry_run AND (event_name IN ({USES}) OR event_name = 'CreateGrant')
            UNION ALL
            SELECT destination_key_arn, content_hash, event_name, unnest(resource_list), destination_encryption_context
            FROM kms_events
            WHERE outcome = 'success' AND NOT is_dry_run AND event_name = 'ReEncrypt'
          )
          WHERE event_name <> 'ReEncrypt' OR contains(context, regexp_extract(resource, '[^:]*$'))
        )
        WHERE key IS NOT NULL
        GROUP BY ALL
    """,
    "denied_by_kind": """
        SELECT coalesce(denied_by, 'not told') AS kind, event_name AS operation, count(*) AS n
        FROM calls WHERE outcome = 'denied' AND side = 'first' GROUP BY ALL
    """,
    "throttled_seconds": f"""
        WITH once AS (
          SELECT
            coalesce(shared_event_id, hex(content_hash)) AS call,
            any_value(coalesce(caller_account_id, recipient_account_id)) AS account, any_value(region) AS region,
            any_value(epoch(event_time)::BIGINT) AS second, any_value(outcome) AS outcome,
            arg_min(caller, caller LIKE 'account:%') AS caller
          FROM standing GROUP BY ALL
        ),
        busy AS (SELECT account, region, second, count(*) AS calls FROM once GROUP BY ALL)
        SELECT
          {TIME.format("to_timestamp(second)")} AS time, account, caller, count(*) AS throttled, any_value(calls) AS calls
        FROM once JOIN busy USING (account, region, second)
        WHERE outcome = 'throttled' GROUP BY ALL
    """,
    "open_grants": """
        SELECT grant_id AS id, arg_min(caller, event_time) FILTER (WHERE event_name = 'CreateGrant') AS maker
        FROM calls WHERE outcome = 'success' AND grant_id IS NOT NULL
        GROUP BY ALL
        HAVING count(*) FILTER (WHERE event_name = 'CreateGrant') > 0
          AND count(*) FILTER (WHERE event_name IN ('RetireGrant', 'RevokeGrant')) = 0
    """,
    "first_and_last_use": f"""
        SELECT key_arn AS key, {TIME.format("min(event_time)")} AS first, {TIME.format("max(event_time)")} AS last
        FROM uses WHERE key_arn IS NOT NULL GROUP BY ALL
    """,
    # A multi-Region key is used where any of its set is.
    "unused_keys": """
        WITH used AS (
          SELECT DISTINCT CASE WHEN key_arn LIKE '%:key/mrk-%' THEN regexp_extract(key_arn, 'mrk-.*$') ELSE key_arn END AS member
          FROM uses WHERE event_time >= TIMESTAMPTZ '2026-03-04 00:00:00+00' AND key_arn IS NOT NULL
        )
        SELECT key_arn AS key FROM known
        WHERE CASE WHEN id LIKE 'mrk-%' THEN id ELSE key_arn END NOT IN (SELECT member FROM used)
    """,
    "callers_seen_first": f"""
        SELECT caller AS name, {TIME.format("min(event_time) FILTER (WHERE is_inside)")} AS first
        FROM (SELECT *, event_time >= TIMESTAMPTZ '2026-03-06 00:00:00+00' AS is_inside FROM calls)
        GROUP BY ALL
        HAVING bool_or(is_inside) AND NOT bool_or(NOT is_inside AND outcome = 'success')
          AND (bool_and(is_inside) OR bool_or(is_inside AND outcome = 'success'))
    """,
}


def main(store):
    engine = duckdb.connect()
    engine.execute("SET timezone = 'UTC'")
    for table in TABLES:
        files = DeltaTable(f"{store}/{table}").file_uris()
        engine.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet({files!r})")
    for name, statement in RELATIONS.items():
        engine.execute(f"CREATE TABLE {name} AS {statement}")
    found = {}
    for name, statement in FIGURES.items():
        rows = engine.execute(f"SELECT * FROM ({statement}) ORDER BY ALL NULLS FIRST")
        columns = [column[0] for column in rows.description]
        found[name] = [dict(zip(columns, row)) for row in rows.fetchall()]
    json.dump(found, sys.stdout)


main(sys.argv[1])
