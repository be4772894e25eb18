//! The closed vocabularies: columns of which every value is known, in tables and in what is answered over them.
//!
//! Enters: nothing. Leaves: the values, as the code writes them. A statement that compares such a column with any other
//! value is wrong; a test of the query files sees to that.

/// How a KMS call ended.
pub(super) const OUTCOMES: &[&str] = &[
    "success",
    "dry_run",
    "throttled",
    "denied",
    "unusable_key",
    "invalid_request",
    "not_found",
    "error",
];

/// Where the ARN of a key was read.
pub(super) const KEY_SOURCES: &[&str] = &[
    "resources",
    "response",
    "service_event",
    "request",
    "error_message",
];

/// Which kind of policy refused a call.
pub(super) const POLICIES: &[&str] = &[
    "identity_policy",
    "key_policy",
    "service_control_policy",
    "resource_control_policy",
    "permissions_boundary",
    "session_policy",
    "vpc_endpoint_policy",
];

/// Uses that are nobody's work with a key.
pub(super) const USE_LABELS: &[&str] = &["cloudtrail_delivery", "self"];

/// The same in the counts.
pub(super) const COUNTED_USE_LABELS: &[&str] = &["none", "cloudtrail_delivery", "self"];

/// Which of the keys of an event a count is about.
pub(super) const KEY_ROLES: &[&str] = &["only", "source", "destination", "both", "none"];

/// Whose record of a call it is.
pub(super) const RECORD_ROLES: &[&str] = &["owner", "caller_copy", "network"];

/// Which of the keys of an operation a fact is about.
pub(super) const FACT_KEY_ROLES: &[&str] = &["only", "source", "destination", "none"];

/// Whose record of an operation counts.
pub(super) const FACT_RECORD_ROLES: &[&str] = &["owner", "caller_copy"];

/// What an operation is to its key.
pub(super) const OPERATION_KINDS: &[&str] = &["use", "management", "unknown"];

/// How the key of a record is known.
pub(super) const RESOLUTIONS: &[&str] = &["event", "id", "alias", "alias_unproven", "shared"];

/// What was done with a resource under a key.
pub(super) const DIRECTIONS: &[&str] = &["encrypt", "decrypt", "grant", "unknown"];

/// How an alias was seen.
pub(super) const SIGHTINGS: &[&str] = &["pointed", "used", "deleted"];

/// What became of an attempt to read an object.
pub(super) const OBJECT_STATES: &[&str] = &[
    "ok",
    "damaged",
    "rejected",
    "unreadable",
    "archived",
    "foreign",
    "forgotten",
];

/// What an object is.
pub(super) const OBJECT_KINDS: &[&str] = &[
    "log",
    "digest",
    "insight",
    "aggregated",
    "network_activity",
    "unknown",
];

/// How the records of an object were packed.
pub(super) const SHAPES: &[&str] = &[
    "records",
    "array",
    "event",
    "ndjson",
    "strings",
    "lookup_events",
    "event_bridge",
    "cloudwatch_logs",
    "cloudwatch_export",
];

/// How a run ended.
pub(super) const RUN_OUTCOMES: &[&str] = &["ok", "rejects", "behind", "interrupted", "started"];

/// What is verified.
pub(super) const VERIFIED_KINDS: &[&str] = &["log", "digest"];

/// What verification found, of logs and of digests.
pub(super) const VERIFICATION_STATUSES: &[&str] = &[
    "verified",
    "hash_mismatch",
    "not_in_digest",
    "missing",
    "valid",
    "bad_signature",
    "unknown_key",
    "chain_broken",
    "chain_start",
];

/// How bad a finding is.
pub(super) const SEVERITIES: &[&str] = &["critical", "high", "medium", "low", "info"];

/// What became of a finding.
pub(super) const FINDING_STATES: &[&str] = &["open", "suppressed", "resolved"];

/// `RegionOptStatus` of the account API.
pub(super) const OPT_STATUSES: &[&str] = &[
    "ENABLED",
    "ENABLED_BY_DEFAULT",
    "ENABLING",
    "DISABLING",
    "DISABLED",
];

/// The values of a column that views or reports make.
#[derive(Debug)]
pub struct Vocabulary {
    /// The column.
    pub column: &'static str,
    /// Where the column is, and what it says.
    pub doc: &'static str,
    /// Its values.
    pub values: &'static [&'static str],
}

/// The closed vocabularies of views and reports; columns that are those of a table have the table's.
pub const VIEW_VOCABULARIES: &[Vocabulary] = &[
    Vocabulary {
        column: "class",
        doc: "What an operation does (`kms_operations`).",
        values: &["use", "management", "read", "unknown"],
    },
    Vocabulary {
        column: "evidence",
        doc: "What shows where an alias pointed (`alias_history`).",
        values: &["operation", "observed"],
    },
    Vocabulary {
        column: "kind",
        doc: "What a call is to its key (`uses_daily`).",
        values: OPERATION_KINDS,
    },
    Vocabulary {
        column: "kind",
        doc: "How surely nothing is missing (`unbroken_logs`, `trail_runs`, `unrecorded_changes`).",
        values: &["delivered", "proven", "settled"],
    },
    Vocabulary {
        column: "kind",
        doc: "What was seen for the first time (report `first-seen`).",
        values: &["caller", "key", "network", "resource"],
    },
    Vocabulary {
        column: "kms_reads",
        doc: "What a trail logs of KMS (`trail_changes`, `trail_hours`).",
        values: &["read_write", "write_only", "excluded", "unknown"],
    },
    Vocabulary {
        column: "mark",
        doc: "What a stretch of deliveries is (`delivery_ranges`), and what an hour is by these and by the trails.",
        values: &[
            "stored",
            "delivered",
            "proven",
            "signed",
            "archived",
            "damaged",
            "missing",
            "changed",
            "invalid_digest",
            "broken_backfill",
            "lost",
            "disputed_id",
            "disabled",
            "reads",
            "proven_reads",
            "settled",
        ],
    },
    Vocabulary {
        column: "resolution",
        doc: "How the key of a record is known (`key_uses`).",
        values: RESOLUTIONS,
    },
    Vocabulary {
        column: "result",
        doc: "How a call ended, in short (macro `result_of`).",
        values: &["success", "failure", "dry_run"],
    },
    Vocabulary {
        column: "state",
        doc: "What an hour of the logs is (`coverage_states`).",
        values: &[
            "account_not_in_organization",
            "region_not_enabled",
            "expired",
            "logging_stopped",
            "kms_excluded",
            "write_only",
            "archived",
            "gap",
            "partial",
            "selectors_unknown",
            "complete_unverified",
            "complete_verified",
        ],
    },
    Vocabulary {
        column: "state",
        doc: "What a digest names and the ledger lacks (`delivered_objects`), besides the states of the ledger.",
        values: &["missing"],
    },
    Vocabulary {
        column: "state",
        doc: "The state of a key (`keys`).",
        values: &[
            "Enabled",
            "Disabled",
            "PendingDeletion",
            "PendingReplicaDeletion",
            "PendingImport",
            "Unavailable",
            "Creating",
            "Updating",
            "Deleted",
        ],
    },
    Vocabulary {
        column: "state",
        doc: "The state of a grant (report `grants`).",
        values: &["open", "retired", "revoked", "gone"],
    },
    Vocabulary {
        column: "state",
        doc: "The state of a version of key material (report `key-material`).",
        values: &["current", "former"],
    },
    Vocabulary {
        column: "state_source",
        doc: "What shows the state of a key (`keys`).",
        values: &["operation", "refusal", "use"],
    },
];
