//! The facts: what the records say once they are settled, and which days are.

use super::ColumnKind::{Bool, Bytes, Date, Int, Long, Text, TextList, Time};
use super::vocabulary::{
    FACT_KEY_ROLES, FACT_RECORD_ROLES, KEY_ROLES, OPERATION_KINDS, OUTCOMES, POLICIES, RESOLUTIONS,
    USE_LABELS,
};
use super::{Column, Table, one_of, optional, required};

/// KMS operations, one row per operation and key, with everything decided.
pub const KEY_USES: Table = Table {
    name: "key_uses",
    doc: "One row per KMS operation and key, each operation once: keys resolved, corrections applied, copies in other \
          accounts' logs and records of VPC endpoints left out. Written for whole days when they are settled; days that \
          are not settled have no rows here, or rows that later records made outdated. The view `key_uses` has every \
          day.",
    columns: FACT_COLUMNS,
    partition: Some("event_month"),
    // Nearly all operations are successful uses: what is rare is found in few row groups of a file.
    sort: &["kind", "outcome", "key_arn", "event_time", "event_id"],
};

/// How many operations there are of each day, key, caller and operation.
pub const USES_DAILY: Table = Table {
    name: "uses_daily",
    doc: "Counts of the rows of `key_uses` per day. Written for whole days when they are settled, together with \
          `key_uses`; the view `uses_daily` has every day.",
    columns: DAILY_COLUMNS,
    partition: Some("event_month"),
    sort: &["key_arn", "event_date", "caller"],
};

/// Which days are settled.
pub const SETTLEMENTS: Table = Table {
    name: "settlements",
    doc: "Which days have their rows in `key_uses`, and what these rows depend on. For each day the row with the highest \
          settlement counts. A day is settled while no record of it was stored after `ingest_seq` and its typed names \
          mean what they meant.",
    columns: &[
        required("event_date", Date, "The UTC date of the events."),
        required(
            "settlement",
            Long,
            "The number of the commit of `key_uses` that wrote the rows of the day.",
        ),
        required(
            "ingest_seq",
            Long,
            "The commit of `kms_events` up to which its records are in these rows.",
        ),
        required("rules", Int, "The version of the rules that made the rows."),
        optional(
            "typed_names",
            Text,
            "The key IDs and aliases that were typed on that day where the event gives no ARN, as a JSON array.",
        ),
        optional(
            "meanings",
            Text,
            "A hash of what these names meant on that day.",
        ),
        required(
            "settled_at",
            Time,
            "When the run that settled the day began.",
        ),
    ],
    partition: None,
    sort: &["event_date", "settlement"],
};

/// How many records each day has.
pub const EVENT_DAYS: Table = Table {
    name: "event_days",
    doc: "How many KMS records are stored of each day, and which commit added the last of them. Rows of equal days add \
          up.",
    columns: &[
        required("event_date", Date, "The UTC date of the events."),
        required(
            "count",
            Long,
            "Records, also of those that have been deleted since.",
        ),
        required(
            "repeated",
            Long,
            "Of these, records whose `event_id` another record of the day had before.",
        ),
        required(
            "corrections",
            Long,
            "Of these, records that correct another one, or are a second content of it (`is_correction`).",
        ),
        required(
            "ingest_seq",
            Long,
            "The last commit of `kms_events` that added a record of the day.",
        ),
    ],
    partition: None,
    sort: &["event_date"],
};

const DAILY_COLUMNS: &[Column] = &[
    required("event_date", Date, "The UTC date of the operations."),
    optional("key_arn", Text, "As in `key_uses`."),
    optional(
        "key_as_typed",
        Text,
        "What the caller typed for this key; null where `key_arn` is known.",
    ),
    one_of(
        &required(
            "key_role",
            Text,
            "As in `key_uses`; `both` for the source of a ReEncrypt whose destination is the same key, so that without these rows each operation on a key counts once.",
        ),
        KEY_ROLES,
    ),
    one_of(
        &optional("resolution", Text, "As in `key_uses`."),
        RESOLUTIONS,
    ),
    optional("event_name", Text, "The KMS operation."),
    one_of(
        &required(
            "outcome",
            Text,
            "As in `kms_events`; `dry_run` for every dry run, also for a refused one.",
        ),
        OUTCOMES,
    ),
    required("caller", Text, "As in `key_uses`."),
    optional("invoked_by", Text, "As in `kms_events`."),
    optional("service", Text, "As in `kms_events`."),
    optional("recipient_account_id", Text, "As in `key_uses`."),
    optional("region", Text, "As in `kms_events`."),
    one_of(
        &required("record_role", Text, "As in `key_uses`."),
        FACT_RECORD_ROLES,
    ),
    optional(
        "log_accounts",
        Text,
        "The accounts whose logs have a record of the calls, separated by spaces; null where no other account may have one (the record has no ID that another one shares).",
    ),
    one_of(
        &optional("use_label", Text, "As in `kms_events`."),
        USE_LABELS,
    ),
    required("count", Long, "Operations."),
    required("first_time", Time, "The first of them."),
    required("last_time", Time, "The last of them."),
    required(
        "hours_mask",
        Int,
        "The hours (UTC) in which there was one: bit 0 for 00:00 to 01:00.",
    ),
    required(
        "event_month",
        Text,
        "The UTC month of the operations, `YYYY-MM`; the partition.",
    ),
];

const FACT_COLUMNS: &[Column] = &[
    // The first 32 columns have file statistics.
    required("event_time", Time, "As in `kms_events`."),
    required(
        "event_date",
        Date,
        "The UTC date of `event_time`: the day that the row is settled with.",
    ),
    optional(
        "key_arn",
        Text,
        "The key: its ARN as the event gives it, else the ARN of the key that the typed ID or alias meant at the time of the event; null if unresolved.",
    ),
    optional("key_as_typed", Text, "What the caller typed for this key."),
    one_of(
        &required(
            "key_role",
            Text,
            "`only`, `source` or `destination` key of the operation; `none` if it names no key.",
        ),
        FACT_KEY_ROLES,
    ),
    one_of(
        &optional(
            "resolution",
            Text,
            "How `key_arn` is known: `event` (the event gives it), `id`, `alias`, `alias_unproven` (no log shows where the alias pointed then) or `shared` (another account's record of the same call gives it); null if unresolved.",
        ),
        RESOLUTIONS,
    ),
    one_of(
        &required(
            "kind",
            Text,
            "`use` for a cryptographic operation, `management` for any other, `unknown` for an operation that the keytrail which wrote the row did not know.",
        ),
        OPERATION_KINDS,
    ),
    optional("event_name", Text, "The KMS operation."),
    one_of(&required("outcome", Text, "As in `kms_events`."), OUTCOMES),
    required(
        "caller",
        Text,
        "As in `kms_events`; of a cross-account call, from the caller's own record.",
    ),
    optional("invoked_by", Text, "As in `kms_events`."),
    optional(
        "recipient_account_id",
        Text,
        "The account whose log has the record that counts.",
    ),
    optional("region", Text, "As in `kms_events`."),
    optional("service", Text, "As in `kms_events`."),
    optional("resource", Text, "As in `kms_events`."),
    required(
        "event_id",
        Text,
        "The ID of the record that counts, in `kms_events`.",
    ),
    optional("access_key_id", Text, "As in `kms_events`."),
    optional("principal_id", Text, "As in `kms_events`."),
    optional("session_name", Text, "As in `kms_events`."),
    optional("source_identity", Text, "As in `kms_events`."),
    optional("on_behalf_of", Text, "As in `kms_events`."),
    optional("credential_id", Text, "As in `kms_events`."),
    optional("grant_id", Text, "As in `kms_events`."),
    optional("source_ip", Text, "As in `kms_events`."),
    optional("user_agent", Text, "As in `kms_events`."),
    optional("vpc_endpoint_id", Text, "As in `kms_events`."),
    optional("error_code", Text, "As in `kms_events`."),
    one_of(
        &optional("denied_by", Text, "As in `kms_events`."),
        POLICIES,
    ),
    optional("identity_type", Text, "As in `kms_events`."),
    optional("user_arn", Text, "As in `kms_events`."),
    optional("caller_account_id", Text, "As in `kms_events`."),
    optional("user_name", Text, "As in `kms_events`."),
    one_of(
        &required(
            "record_role",
            Text,
            "`owner` if the record that counts is in the log of the key's account, `caller_copy` if only another account's log has one.",
        ),
        FACT_RECORD_ROLES,
    ),
    optional(
        "other_key_arn",
        Text,
        "The other key of a ReEncrypt, where an event gives its ARN.",
    ),
    required("is_dry_run", Bool, "As in `kms_events`."),
    optional("is_mfa", Bool, "As in `kms_events`."),
    optional("is_console", Bool, "As in `kms_events`."),
    optional("is_read_only", Bool, "As in `kms_events`."),
    required("is_correction", Bool, "As in `kms_events`."),
    one_of(
        &optional("use_label", Text, "As in `kms_events`."),
        USE_LABELS,
    ),
    required(
        "content_hash",
        Bytes,
        "The hash of the record that counts, in `kms_events`.",
    ),
    optional("error_message", Text, "As in `kms_events`."),
    optional("alias_name", Text, "As in `kms_events`."),
    optional("tls_version", Text, "As in `kms_events`."),
    optional("tls_cipher_suite", Text, "As in `kms_events`."),
    optional("tls_key_exchange", Text, "As in `kms_events`."),
    optional("tls_host", Text, "As in `kms_events`."),
    optional(
        "key_material_id",
        Text,
        "The version of this key's material that was used.",
    ),
    optional("pending_window_days", Int, "As in `kms_events`."),
    optional("deletion_date", Time, "As in `kms_events`."),
    optional("attestation_module_id", Text, "As in `kms_events`."),
    optional("attestation_image_digest", Text, "As in `kms_events`."),
    optional("custom_key_store_id", Text, "As in `kms_events`."),
    optional("event_type", Text, "As in `kms_events`."),
    optional(
        "log_accounts",
        TextList,
        "The accounts whose logs have a record of the call, in order; null where no other account may have one (the record has no ID that another one shares).",
    ),
    optional("resource_list", TextList, "As in `kms_events`."),
    optional(
        "encryption_context",
        Text,
        "The encryption context for this key, as JSON; for a grant, that of its constraint.",
    ),
    optional(
        "request",
        Text,
        "`requestParameters` as JSON, of management operations alone.",
    ),
    optional(
        "response",
        Text,
        "`responseElements` as JSON, of management operations alone.",
    ),
    required(
        "event_month",
        Text,
        "The UTC month of `event_time`, `YYYY-MM`; the partition.",
    ),
];
