//! The tables that say what was read, by which run, and what was concluded.

use super::ColumnKind::{Date, Int, Long, Text, Time};
use super::vocabulary::{
    FINDING_STATES, OBJECT_KINDS, OBJECT_STATES, RUN_OUTCOMES, SEVERITIES, SHAPES,
    VERIFICATION_STATUSES, VERIFIED_KINDS,
};
use super::{Column, Table, one_of, optional, required};

/// The ledger: every attempt at every log object.
pub const LOG_FILE_EVENTS: Table = Table {
    name: "log_file_events",
    doc: "The ledger. One row per attempt to read a log object; `log_files` is the view that keeps the latest \
          attempt of each. For every row: records = not_wanted + rejected + expired + duplicates + written.",
    columns: LOG_FILE_COLUMNS,
    partition: None,
    sort: &["location", "attempt"],
};

/// What each run that writes did: an ingest has a row before it commits its first, and all have one when they end.
pub const RUNS: Table = Table {
    name: "runs",
    doc: "One row per run that writes, recorded when it ends. An `ingest` that has something new to read records \
          another row before it commits anything, with the outcome `started`: where that is the only row of a run, \
          or the other says `interrupted`, the run has not read everything. `keytrail status` says what is missing.",
    columns: &[
        required("run_id", Text, "The run."),
        required("command", Text, "The subcommand."),
        required("version", Text, "The version of keytrail."),
        required("started_at", Time, "When the run began."),
        required(
            "ended_at",
            Time,
            "When the run ended; where the outcome is `started`, when it began.",
        ),
        one_of(
            &required(
                "outcome",
                Text,
                "`ok`, `rejects` where something new could not be ingested, `behind` where only a roll-up failed, \
             `interrupted` by Ctrl-C or SIGTERM, or `started` when it began.",
            ),
            RUN_OUTCOMES,
        ),
        optional(
            "sources",
            Text,
            "What was asked for, as a JSON array of paths.",
        ),
        optional("objects_seen", Long, "Objects listed."),
        optional(
            "objects_new",
            Long,
            "Objects read in this run for the first time, or again because they changed.",
        ),
        optional("objects_known", Long, "Objects not read again."),
        optional(
            "objects_rejected",
            Long,
            "Objects of this run with damage or a rejected record.",
        ),
        optional("records", Long, "Records read."),
        optional("kms_records", Long, "Of these, KMS events."),
        optional(
            "duplicates",
            Long,
            "Wanted records that the store, or this run, already had.",
        ),
        optional("rejected", Long, "Records rejected."),
        optional("expired", Long, "Records older than the retention horizon."),
        optional(
            "rows_written",
            Long,
            "Rows written to `kms_events` and `trail_events`.",
        ),
        optional("json_bytes", Long, "Bytes of JSON read, uncompressed."),
        optional("detail", Text, "More about the run, as JSON."),
    ],
    partition: None,
    sort: &["started_at", "run_id"],
};

/// Which prefix and day was listed in full, and when.
pub const LISTINGS: Table = Table {
    name: "listings",
    doc: "Which prefix and day was listed in full, and when.",
    columns: &[
        required("prefix", Text, "The prefix listed."),
        optional("day", Date, "The delivery day listed."),
        required("listed_at", Time, "When."),
        required("objects", Long, "Objects found."),
        required("run_id", Text, "The run."),
    ],
    partition: None,
    sort: &["prefix", "listed_at"],
};

/// What verification found of each log object and each digest.
pub const VERIFICATIONS: Table = Table {
    name: "verifications",
    doc: "What `keytrail verify` found: one row per object and change of its status; `verified_files` keeps the \
          latest of each. Bound to the object's size and entity tag, so that what was proven is not read again.",
    columns: &[
        required(
            "location",
            Text,
            "The object's URL; of one that is missing, where the digest says it is.",
        ),
        required(
            "seq",
            Long,
            "The number of this finding about the object, from 1; the latest counts.",
        ),
        one_of(
            &required("kind", Text, "What the object is."),
            VERIFIED_KINDS,
        ),
        one_of(
            &required(
                "status",
                Text,
                "Of a log: `verified`, `hash_mismatch`, `not_in_digest` or `missing`. Of a digest: `valid`, \
             `bad_signature`, `unknown_key`, `chain_broken` or `chain_start`.",
            ),
            VERIFICATION_STATUSES,
        ),
        optional("reason", Text, "Why, in words."),
        optional("size_bytes", Long, "The object's size when it was judged."),
        optional("etag", Text, "Its entity tag when it was judged."),
        optional(
            "modified_at",
            Time,
            "Its last modification when it was judged.",
        ),
        optional(
            "sha256",
            Text,
            "SHA-256 of its uncompressed content, in hex.",
        ),
        optional(
            "digest_location",
            Text,
            "For logs: the digest that names it.",
        ),
        optional("trail_arn", Text, "The trail whose digest names it."),
        optional("account_id", Text, "The account in the object's path."),
        optional("region", Text, "The region in the object's path."),
        optional(
            "delivery_time",
            Time,
            "The delivery time in the object's name.",
        ),
        required("recorded_at", Time, "When the run began that found it."),
        required("run_id", Text, "The run."),
    ],
    partition: None,
    sort: &["location", "seq"],
};

/// What was concluded by a rule, and what became of it.
pub const FINDING_EVENTS: Table = Table {
    name: "finding_events",
    doc: "Findings of the audit's rules, one row per change of state; `findings` keeps the latest.",
    columns: &[
        required(
            "finding_id",
            Text,
            "The finding: stable for the same rule and subject.",
        ),
        required("seq", Long, "The number of this change; the latest counts."),
        required("rule_id", Text, "The rule."),
        one_of(&required("severity", Text, "How bad it is."), SEVERITIES),
        one_of(
            &required("state", Text, "What became of it."),
            FINDING_STATES,
        ),
        optional(
            "subject",
            Text,
            "What the finding is about, mostly a key ARN.",
        ),
        optional("account_id", Text, "The account concerned."),
        optional("region", Text, "The region concerned."),
        optional("first_time", Time, "First event behind it."),
        optional("last_time", Time, "Last event behind it."),
        required("recorded_at", Time, "When the change was recorded."),
        optional("detail", Text, "The finding's row, as JSON."),
        required("run_id", Text, "The run."),
    ],
    partition: None,
    sort: &["finding_id", "seq"],
};

const LOG_FILE_COLUMNS: &[Column] = &[
    required(
        "object_id",
        Text,
        "The object: the first 16 hex digits of SHA-256 over `location`.",
    ),
    required("location", Text, "The object's URL."),
    required(
        "attempt",
        Long,
        "The number of this attempt at the object, from 1; the latest counts.",
    ),
    one_of(
        &required(
            "state",
            Text,
            "`ok`, `damaged` (some records read), `rejected` (none could be), `unreadable` (no access), `archived`, \
         `foreign` (not CloudTrail's by name or content) or `forgotten` (by `keytrail forget`). The last two are not \
         in `log_files`.",
        ),
        OBJECT_STATES,
    ),
    one_of(&required("kind", Text, "What the object is."), OBJECT_KINDS),
    optional("account_id", Text, "The account in the object's path."),
    optional("region", Text, "The region in the object's path."),
    optional(
        "organization_id",
        Text,
        "The organization in the object's path.",
    ),
    optional(
        "delivery_time",
        Time,
        "The delivery time in the object's name.",
    ),
    optional(
        "min_event_time",
        Time,
        "The earliest event time of its wanted records; of all its records if its name has no time.",
    ),
    optional(
        "max_event_time",
        Time,
        "The latest event time of its wanted records; of all its records if its name has no time.",
    ),
    required("size_bytes", Long, "The object's size as stored."),
    optional("etag", Text, "The object's entity tag."),
    optional("modified_at", Time, "When the object was last modified."),
    optional("storage_class", Text, "The object's storage class."),
    optional(
        "sha256",
        Text,
        "SHA-256 of the uncompressed content, in hex, where it was computed.",
    ),
    required("json_bytes", Long, "Bytes of JSON read, uncompressed."),
    required("records", Long, "Records read."),
    required("kms_records", Long, "Of these, KMS events."),
    required(
        "trail_records",
        Long,
        "Of these, events for `trail_events`.",
    ),
    required(
        "not_wanted",
        Long,
        "Of these, events of no concern, checked for structure only.",
    ),
    required(
        "rejected",
        Long,
        "Of these, records that could not be taken.",
    ),
    required(
        "expired",
        Long,
        "Of these, records older than the retention horizon.",
    ),
    required(
        "duplicates",
        Long,
        "Of these, wanted records that the store already had, this object's own included.",
    ),
    required("written", Long, "Of these, rows written."),
    optional(
        "reason",
        Text,
        "Why the object or the first of its records was rejected: a short code.",
    ),
    optional("message", Text, "The same in words."),
    optional(
        "damage_offset",
        Long,
        "Where the damage begins, in bytes of the uncompressed content.",
    ),
    optional(
        "reject_limit",
        Text,
        "The limit that rejected it, as `name=value`.",
    ),
    required(
        "decoder_version",
        Int,
        "The decoder that read it; a newer one reads rejects again.",
    ),
    required(
        "trail_list_version",
        Int,
        "The list of `trail_events` it was read with.",
    ),
    required("recorded_at", Time, "When the run of this attempt began."),
    optional(
        "rejects",
        Text,
        "The rejected records as a JSON array of {record, offset, reason, message}, at most 100.",
    ),
    one_of(
        &optional("shape", Text, "How the records were packed."),
        SHAPES,
    ),
    optional(
        "trail_arn",
        Text,
        "Always null: `verified_files` names the trail, where a digest does.",
    ),
    optional(
        "digest_start_time",
        Time,
        "For digests: the start of its hour.",
    ),
    optional("digest_end_time", Time, "For digests: the end of its hour."),
    optional(
        "digest_previous",
        Text,
        "For digests: the object of the digest before it.",
    ),
    optional(
        "digest_previous_hash",
        Text,
        "For digests: the hash of the digest before it.",
    ),
    optional(
        "digest_signature",
        Text,
        "For digests: the signature, in hex.",
    ),
    optional(
        "digest_signature_algorithm",
        Text,
        "For digests: the algorithm of the signature.",
    ),
    optional(
        "digest_public_key_fingerprint",
        Text,
        "For digests: the fingerprint of the public key.",
    ),
    optional(
        "digest_status",
        Text,
        "Always null: `verified_files` has what verification found.",
    ),
    optional(
        "digest_content",
        Text,
        "For digests: the whole digest, as canonical JSON.",
    ),
    required("run_id", Text, "The run that made the attempt."),
    required("batch_id", Text, "The batch that recorded it."),
];
