//! Every key of the configuration file: the one list that reading, the template, `config show` and
//! docs/configuration.md are made from.
//!
//! A new key is a line here, a field of [`Config`](super::values::Config), and a line of [`apply`](super::apply).

use super::kind::Kind;

/// A key of the file.
#[derive(Debug)]
pub(super) struct Setting {
    /// Its name, with the tables it is in.
    pub(super) key: &'static str,
    /// The values it takes.
    pub(super) kind: Kind,
    /// The flag that overrides it.
    pub(super) flag: &'static str,
    /// Variables of AWS that override it too.
    pub(super) of_aws: &'static [&'static str],
    /// The value in effect if nothing sets it.
    pub(super) default: &'static str,
    /// A value, as TOML.
    pub(super) example: &'static str,
    /// Its meaning.
    pub(super) doc: &'static str,
}

impl Setting {
    /// The variable of the environment that overrides it.
    pub(super) fn variable(&self) -> String {
        format!("KEYTRAIL_{}", self.key.replace('.', "_").to_uppercase())
    }

    /// Everything that overrides it.
    pub(super) fn overrides(&self) -> Vec<String> {
        let of_aws = self.of_aws.iter().map(|name| (*name).to_owned());
        [self.flag.to_owned(), self.variable()]
            .into_iter()
            .chain(of_aws)
            .collect()
    }

    /// The table it is in, and its name there.
    pub(super) fn split(&self) -> (&'static str, &'static str) {
        self.key.rsplit_once('.').unwrap_or(("", self.key))
    }
}

/// The key of this name.
pub(super) fn setting(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// The tables, each with what it is about.
pub(super) const TABLES: &[(&str, &str)] = &[
    ("aws", "AWS access for logs, queues and trails"),
    ("aws.store", "AWS access for a store on S3"),
    (
        "queue",
        "The queue that `keytrail ingest` reads if no PATH is given",
    ),
    ("ingest", "What `keytrail ingest` lists"),
    (
        "limits",
        "What `keytrail ingest` reads at most; anything larger is rejected",
    ),
    (
        "retention",
        "What `keytrail retain` does if no option is given",
    ),
    ("output", "How rows are shown"),
];

/// A key that takes a text and has no default.
const fn text(
    key: &'static str,
    flag: &'static str,
    example: &'static str,
    doc: &'static str,
) -> Setting {
    Setting {
        key,
        kind: Kind::Text,
        flag,
        of_aws: &[],
        default: "none",
        example,
        doc,
    }
}

/// A key that takes a number.
const fn number(
    key: &'static str,
    range: (u64, u64),
    flag: &'static str,
    default: &'static str,
    doc: &'static str,
) -> Setting {
    Setting {
        kind: Kind::Number {
            min: range.0,
            max: range.1,
        },
        default,
        ..text(key, flag, default, doc)
    }
}

/// The most of what has no limit of its own: TOML's integers have 64 bits and a sign.
const MANY: u64 = i64::MAX.unsigned_abs();

/// The keys, those of a table one after another, in the order of [`TABLES`]; those of none first.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        kind: Kind::Location,
        default: "./keytrail-store",
        ..text(
            "store",
            "--store",
            r#""keytrail-store""#,
            "The store: a directory, or `s3://BUCKET/PREFIX`",
        )
    },
    Setting {
        kind: Kind::Path,
        ..text(
            "queries",
            "--queries",
            r#""queries""#,
            "A directory with your own `reports/*.sql` and `views/*.sql`",
        )
    },
    Setting {
        default: "one for each CPU",
        example: "4",
        ..number(
            "threads",
            (1, 1024),
            "--threads",
            "",
            "The threads that read and decode",
        )
    },
    Setting {
        kind: Kind::Accounts,
        ..text(
            "accounts",
            "FILE of `accounts import`",
            r#""accounts.csv""#,
            "The accounts that `keytrail accounts import` imports: a CSV file, or a table `[[accounts]]` for each account",
        )
    },
    Setting {
        of_aws: &["AWS_PROFILE", "AWS_ACCESS_KEY_ID"],
        ..text(
            "aws.profile",
            "--profile",
            r#""audit""#,
            "The profile of the shared AWS configuration",
        )
    },
    Setting {
        of_aws: &["AWS_REGION", "AWS_DEFAULT_REGION"],
        ..text(
            "aws.region",
            "--region",
            r#""eu-west-1""#,
            "The region of the bucket or service",
        )
    },
    Setting {
        kind: Kind::Role,
        ..text(
            "aws.role_arn",
            "--assume-role",
            r#""arn:aws:iam::111122223333:role/log-reader""#,
            "The role to assume",
        )
    },
    text(
        "aws.external_id",
        "--external-id",
        r#""my-external-id""#,
        "The external ID that the role requires",
    ),
    Setting {
        kind: Kind::Url,
        of_aws: &["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"],
        ..text(
            "aws.endpoint_url",
            "--endpoint-url",
            r#""https://s3.example.com""#,
            "A server other than AWS",
        )
    },
    Setting {
        kind: Kind::Flag,
        default: "false",
        ..text(
            "aws.path_style",
            "--path-style",
            "true",
            "Put the bucket in the path of URLs, as other servers require",
        )
    },
    Setting {
        kind: Kind::Flag,
        default: "false",
        ..text(
            "aws.requester_pays",
            "--requester-pays",
            "true",
            "Pay for reading another account's bucket",
        )
    },
    text(
        "aws.store.profile",
        "--store-profile",
        r#""store""#,
        "The profile for the store",
    ),
    text(
        "aws.store.region",
        "--store-region",
        r#""eu-west-1""#,
        "The region of the store's bucket",
    ),
    Setting {
        kind: Kind::Role,
        ..text(
            "aws.store.role_arn",
            "--store-assume-role",
            r#""arn:aws:iam::111122223333:role/store-writer""#,
            "The role to assume for the store",
        )
    },
    text(
        "aws.store.external_id",
        "--store-external-id",
        r#""my-external-id""#,
        "The external ID that the store's role requires",
    ),
    Setting {
        kind: Kind::Url,
        ..text(
            "aws.store.endpoint_url",
            "--store-endpoint-url",
            r#""https://s3.example.com""#,
            "A server other than AWS for the store; the bucket is then in the path of URLs",
        )
    },
    Setting {
        kind: Kind::Url,
        ..text(
            "queue.url",
            "--queue",
            r#""https://sqs.eu-west-1.amazonaws.com/111122223333/logs""#,
            "The URL of the SQS queue",
        )
    },
    Setting {
        kind: Kind::Texts,
        default: "every bucket",
        ..text(
            "queue.buckets",
            "--bucket",
            r#"["my-trail-logs"]"#,
            "Take objects of these buckets only",
        )
    },
    number(
        "queue.batch_objects",
        (1, 10_000),
        "--batch-objects",
        "1000",
        "Commit after this many objects",
    ),
    number(
        "queue.batch_seconds",
        (1, 3600),
        "--batch-seconds",
        "60",
        "Commit when the first message has waited this many seconds",
    ),
    number(
        "queue.visibility_seconds",
        (3, 43_200),
        "--visibility-seconds",
        "120",
        "Hide a message from other readers for this many seconds",
    ),
    number(
        "ingest.lookback_days",
        (0, 3650),
        "--lookback",
        "35",
        "List a day again until this many days after it, because logs may arrive late",
    ),
    number(
        "limits.record_bytes_max",
        (1, MANY),
        "--record-bytes-max",
        "16777216",
        "The longest record, in bytes",
    ),
    number(
        "limits.depth_max",
        (1, MANY),
        "--depth-max",
        "256",
        "The deepest nesting of a record",
    ),
    number(
        "limits.object_bytes_max",
        (1, MANY),
        "--object-bytes-max",
        "68719476736",
        "The most JSON in one object, in bytes",
    ),
    number(
        "limits.ratio_max",
        (1, MANY),
        "--ratio-max",
        "500",
        "The highest compression ratio, checked beyond 64 MiB of JSON",
    ),
    Setting {
        kind: Kind::Span,
        default: "forever",
        ..text(
            "retention.events",
            "--events",
            r#""400d""#,
            "Keep events for this many days or years",
        )
    },
    Setting {
        kind: Kind::Span,
        default: "forever",
        ..text(
            "retention.usage",
            "--usage",
            r#""7y""#,
            "Keep counts of uses for this many days or years",
        )
    },
    Setting {
        kind: Kind::Texts,
        ..text(
            "retention.hold",
            "--hold",
            r#"["alias/payments"]"#,
            "Keep all rows of these keys; applies to every `keytrail retain`",
        )
    },
    Setting {
        kind: Kind::Zone,
        default: "UTC",
        ..text(
            "output.time_zone",
            "--tz",
            r#""Europe/Berlin""#,
            "Show times in this time zone",
        )
    },
];
