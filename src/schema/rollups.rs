//! The roll-ups, which outlive the events, and the dated facts from outside the logs.

use super::ColumnKind::{Bool, Date, Int, Long, Text, Time};
use super::facts::EVENT_DAYS;
use super::vocabulary::{
    COUNTED_USE_LABELS, DIRECTIONS, KEY_ROLES, OPT_STATUSES, OUTCOMES, RECORD_ROLES, SIGHTINGS,
};
use super::{Column, Table, one_of, optional, required};

/// Counts of records per day, key, caller and operation.
pub const USAGE_DAILY: Table = Table {
    name: "usage_daily",
    doc: "Counts of KMS records per day and key. Rows of equal dimensions add up; one event with two keys counts \
          once for each. Kept when the events themselves have been removed.",
    columns: USAGE_COLUMNS,
    partition: None,
    sort: &["key", "event_date", "caller"],
};

/// Counts of records per month, key and operation.
pub const USAGE_MONTHLY: Table = Table {
    name: "usage_monthly",
    doc: "The rows of usage_daily added up per month, without the callers: small, so that what is asked of all keys \
          and all times is answered at once. Rows of equal dimensions add up. Kept when the events themselves have \
          been removed.",
    columns: &[
        required(
            "event_month",
            Text,
            "The UTC month of the events, as `2026-03`.",
        ),
        optional(
            "key",
            Text,
            "The key's ARN, else what was typed for it; null for operations without a key.",
        ),
        one_of(
            &required("key_role", Text, "As in `usage_daily`."),
            KEY_ROLES,
        ),
        optional("event_name", Text, "The KMS operation."),
        one_of(&required("outcome", Text, "As in `usage_daily`."), OUTCOMES),
        optional(
            "recipient_account_id",
            Text,
            "The account whose log has the records.",
        ),
        optional("region", Text, "The region that recorded them."),
        required("is_correction", Bool, "The records correct earlier ones."),
        required("count", Long, "Records."),
        required("first_time", Time, "The first of them."),
        required("last_time", Time, "The last of them."),
    ],
    partition: None,
    sort: &["key", "event_month", "event_name"],
};

/// Which resources depend on which key.
pub const KEY_RESOURCES: Table = Table {
    name: "key_resources",
    doc: "Which resources were encrypted, decrypted or granted under which key; S3 objects are folded to their \
          bucket. Rows of equal dimensions add up.",
    columns: &[
        required("key", Text, "The key's ARN, or what was typed for it."),
        optional(
            "service",
            Text,
            "The service of the resource, as a DNS name.",
        ),
        required("resource", Text, "The resource."),
        one_of(
            &required(
                "direction",
                Text,
                "What was done; `unknown` for an operation that the version of keytrail which counted it did not know.",
            ),
            DIRECTIONS,
        ),
        optional("caller_account_id", Text, "The caller's own account."),
        required("count", Long, "Successful records."),
        required("first_time", Time, "The first of them."),
        required("last_time", Time, "The last of them."),
    ],
    partition: None,
    sort: &["key", "resource", "direction"],
};

/// Where each alias was seen to point.
pub const ALIAS_SIGHTINGS: Table = Table {
    name: "alias_sightings",
    doc: "Where each alias was seen to point: each alias operation, and per day the first and the last event that \
          typed an alias and names its key. Rows of equal dimensions add up. Never deleted, unlike events and counts of \
          uses: only these rows show which key an alias meant.",
    columns: &[
        required("event_date", Date, "The UTC date of the events."),
        required("alias_name", Text, "The alias, `alias/…`."),
        optional("account", Text, "The account of the alias."),
        optional("region", Text, "The region of the alias."),
        optional(
            "key_arn",
            Text,
            "The key it pointed to; null where a DeleteAlias left none.",
        ),
        one_of(
            &required(
                "sighting",
                Text,
                "`pointed` by CreateAlias or UpdateAlias starting then, `used` by an event at that time, `deleted` by \
             DeleteAlias starting then.",
            ),
            SIGHTINGS,
        ),
        required("count", Long, "Events."),
        required("first_time", Time, "The first of them."),
        required("last_time", Time, "The last of them."),
    ],
    partition: None,
    sort: &["alias_name", "account", "region", "first_time"],
};

/// How values of a roll-up's column are put together where rows are equal in everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// They add up.
    Sum,
    /// The least of them.
    Least,
    /// The greatest of them.
    Greatest,
    /// All bits of them.
    Bits,
}

/// The measures of a roll-up whose other columns are its dimensions; empty for a table whose rows are no sums.
#[must_use]
pub fn measures(table: &Table) -> &'static [(&'static str, Measure)] {
    const COUNTS: [(&str, Measure); 4] = [
        ("count", Measure::Sum),
        ("first_time", Measure::Least),
        ("last_time", Measure::Greatest),
        ("hours_mask", Measure::Bits),
    ];
    match table.name {
        name if name == USAGE_DAILY.name => &COUNTS,
        name if [USAGE_MONTHLY.name, KEY_RESOURCES.name, ALIAS_SIGHTINGS.name].contains(&name) => {
            &COUNTS[..3]
        }
        name if name == EVENT_DAYS.name => &[
            ("count", Measure::Sum),
            ("repeated", Measure::Sum),
            ("corrections", Measure::Sum),
            ("ingest_seq", Measure::Greatest),
        ],
        _ => &[],
    }
}

/// The column and its one value whose rows are sums, in a roll-up that has others: the operations in `alias_sightings`
/// are points in time, of which no two are one row.
#[must_use]
pub fn summed_only(table: &Table) -> Option<(&'static str, &'static str)> {
    (table.name == ALIAS_SIGHTINGS.name).then_some(("sighting", "used"))
}

/// The roll-ups that every ingest brings up to date.
pub const ROLLUPS: [&Table; 5] = [
    &EVENT_DAYS,
    &USAGE_DAILY,
    &USAGE_MONTHLY,
    &KEY_RESOURCES,
    &ALIAS_SIGHTINGS,
];

/// Trails as their own account describes them.
pub const TRAILS: Table = Table {
    name: "trails",
    doc: "Dated descriptions of trails, as `keytrail trails` takes them from CloudTrail or a file. Each row has what \
          was known at that time; null is not known.",
    columns: &[
        required("trail_arn", Text, "The trail."),
        required("taken_at", Time, "When the description was taken."),
        optional("home_region", Text, "Its home region."),
        optional("bucket", Text, "Where it delivers."),
        optional("prefix", Text, "Under which prefix."),
        optional(
            "is_multi_region",
            Bool,
            "Whether it covers all enabled regions.",
        ),
        optional(
            "is_organization",
            Bool,
            "Whether it covers the organization.",
        ),
        optional("is_logging", Bool, "Whether it was logging."),
        optional(
            "logging_changed_at",
            Time,
            "Since when it was: `StartLoggingTime`, or `StopLoggingTime` of one that was not.",
        ),
        optional("is_validation_enabled", Bool, "Whether it writes digests."),
        optional(
            "selectors",
            Text,
            "Its event selectors, as GetEventSelectors answers; null where that was not allowed.",
        ),
        optional("status", Text, "Its status, as GetTrailStatus answers."),
        required("run_id", Text, "The run."),
    ],
    partition: None,
    sort: &["trail_arn", "taken_at"],
};

/// Which regions each account has enabled, dated.
pub const ACCOUNT_REGIONS: Table = Table {
    name: "account_regions",
    doc: "Dated lists of the regions of each account, as ListRegions of the account returns them. For each account \
          the newest list counts.",
    columns: &[
        required("account_id", Text, "The account."),
        required("taken_at", Time, "When the list was taken."),
        required("region", Text, "The region."),
        one_of(
            &required("opt_status", Text, "`RegionOptStatus`."),
            OPT_STATUSES,
        ),
        required("run_id", Text, "The run."),
    ],
    partition: None,
    sort: &["account_id", "taken_at", "region"],
};

/// The members of an organization, dated.
pub const ORGANIZATION_ACCOUNTS: Table = Table {
    name: "organization_accounts",
    doc: "Dated lists of the member accounts of an organization, as ListAccounts returns them. The newest list of an \
          organization counts.",
    columns: &[
        required("organization_id", Text, "The organization, `o-…`."),
        required("taken_at", Time, "When the list was taken."),
        required("account_id", Text, "The member account."),
        optional("name", Text, "Its name."),
        optional(
            "status",
            Text,
            "Its `State`, or `Status`: ACTIVE, SUSPENDED, …",
        ),
        optional("joined_at", Time, "`JoinedTimestamp`."),
        required("run_id", Text, "The run."),
    ],
    partition: None,
    sort: &["organization_id", "taken_at", "account_id"],
};

/// Keys as KMS knows them, dated.
pub const KEY_INVENTORY: Table = Table {
    name: "key_inventory",
    doc: "Dated snapshots of the keys that KMS itself lists.",
    columns: &[
        required("key_arn", Text, "The key."),
        required("taken_at", Time, "When the snapshot was taken."),
        optional("state", Text, "`KeyState`."),
        optional("manager", Text, "`KeyManager`: CUSTOMER or AWS."),
        optional("origin", Text, "`Origin`."),
        optional("spec", Text, "`KeySpec`."),
        optional("usage", Text, "`KeyUsage`."),
        optional("is_multi_region", Bool, "`MultiRegion`."),
        optional("created_at", Time, "`CreationDate`."),
        optional("deletion_date", Time, "`DeletionDate`."),
        optional("aliases", Text, "Its aliases, as JSON."),
        optional("tags", Text, "Its tags, as JSON."),
        optional(
            "last_usage",
            Text,
            "What GetKeyLastUsage answered, as JSON.",
        ),
        optional("detail", Text, "The rest of DescribeKey's answer, as JSON."),
        required("run_id", Text, "The run."),
    ],
    partition: None,
    sort: &["key_arn", "taken_at"],
};

/// Names of accounts, dated.
pub const ACCOUNTS: Table = Table {
    name: "accounts",
    doc: "Dated names of accounts.",
    columns: &[
        required("account_id", Text, "The account."),
        required("taken_at", Time, "When the list was imported."),
        optional("name", Text, "Its name."),
        optional("ou_path", Text, "Its organizational unit, as a path."),
        optional("owner", Text, "Its owner."),
        optional("environment", Text, "Its environment."),
        optional("status", Text, "Its status in the organization."),
        required("run_id", Text, "The run."),
    ],
    partition: None,
    sort: &["account_id", "taken_at"],
};

const USAGE_COLUMNS: &[Column] = &[
    required("event_date", Date, "The UTC date of the events."),
    optional(
        "key",
        Text,
        "The key's ARN, else what was typed for it; null for operations without a key.",
    ),
    one_of(
        &required(
            "key_role",
            Text,
            "`only`, `source` or `destination` key of the event; `both` where its source is its destination too, which has \
         its own row of `destination`; `none` without a key.",
        ),
        KEY_ROLES,
    ),
    required("caller", Text, "The stable principal."),
    optional("event_name", Text, "The KMS operation."),
    one_of(
        &required(
            "outcome",
            Text,
            "As in `kms_events`, but `dry_run` for every dry run, also for one that was refused.",
        ),
        OUTCOMES,
    ),
    optional(
        "invoked_by",
        Text,
        "The service that called on the caller's behalf.",
    ),
    optional(
        "recipient_account_id",
        Text,
        "The account whose log has the records.",
    ),
    optional("region", Text, "The region that recorded them."),
    one_of(
        &required(
            "record_role",
            Text,
            "`network` for what a VPC endpoint recorded of a call that went on to KMS, which has a record of its own; else \
         `caller_copy` where the recipient is not the key's account, else `owner`.",
        ),
        RECORD_ROLES,
    ),
    required("is_correction", Bool, "The records correct earlier ones."),
    one_of(
        &required(
            "use_label",
            Text,
            "As in `kms_events`, `none` where that is null.",
        ),
        COUNTED_USE_LABELS,
    ),
    required("count", Long, "Records."),
    required("first_time", Time, "The first of them."),
    required("last_time", Time, "The last of them."),
    required(
        "hours_mask",
        Int,
        "Bit n is set where a record fell into hour n of the UTC day.",
    ),
];
