//! The filters, one vocabulary for all reports.
//!
//! Enters: what was typed, and what the store knows. Leaves: the values that the scopes are bound to. A value
//! that matches nothing known is an error with the nearest names, never an empty answer.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::AsArray as _;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;

use super::ReportError;
use super::nearest::nearest;
use super::run::text_list;

/// Which rows a report is about, as it was typed; none = all.
#[derive(Debug, Clone, Default)]
pub struct Filters {
    /// The recipient account of the record, of a key that is asked for, its account.
    pub account: Option<String>,
    /// The key's region, else the record's.
    pub region: Option<String>,
    /// The service that invoked KMS, else the resource's.
    pub service: Option<String>,
    /// The stable principal: in full, or by its name where that means one.
    pub caller: Option<String>,
    /// Whether rows with a `use_label` are left out.
    pub is_own_hidden: bool,
}

/// What the filters mean in this store.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
    service: Option<String>,
    caller: Option<String>,
    is_own_hidden: bool,
}

impl Resolved {
    /// The placeholders of the scopes, but for the window and the key.
    pub(super) fn values(&self) -> BTreeMap<String, ScalarValue> {
        let text = |value: &Option<String>| ScalarValue::Utf8(value.clone());
        let values = [
            ("account", text(&self.account)),
            ("region", text(&self.region)),
            ("service", text(&self.service)),
            ("caller", text(&self.caller)),
            ("key_accounts", text_list(&[])),
            ("tagged_keys", text_list(&[])),
            ("hide_own", ScalarValue::Boolean(Some(self.is_own_hidden))),
        ];
        values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

impl Filters {
    /// A value of the right type for each placeholder of the filters.
    pub(super) fn typical_values() -> BTreeMap<String, ScalarValue> {
        let text = || Some(String::new());
        let resolved = Resolved {
            account: text(),
            region: text(),
            service: text(),
            caller: text(),
            ..Resolved::default()
        };
        resolved.values()
    }

    /// Looks up what was typed.
    pub(super) async fn resolve(&self, context: &SessionContext) -> Result<Resolved, ReportError> {
        let store = Known { context };
        Ok(Resolved {
            account: store.account(self.account.as_deref()).await?,
            region: store.region(self.region.as_deref()).await?,
            service: store.service(self.service.as_deref()).await?,
            caller: store.caller(self.caller.as_deref()).await?,
            is_own_hidden: self.is_own_hidden,
        })
    }
}

/// What the store knows.
struct Known<'a> {
    context: &'a SessionContext,
}

const ACCOUNTS: &str = "SELECT recipient_account_id FROM usage_daily \
    UNION SELECT account FROM known_keys \
    UNION SELECT account_id FROM log_files \
    UNION SELECT caller_account_id FROM key_resources \
    UNION SELECT split_part(caller, ':', CASE WHEN caller LIKE 'arn:%' THEN 5 ELSE 2 END) FROM usage_daily \
        WHERE caller LIKE 'arn:%' OR caller LIKE 'account:%'";

const REGIONS: &str = "SELECT region FROM usage_daily UNION SELECT region FROM known_keys \
    UNION SELECT region FROM log_files";

/// The roll-ups first, which are far smaller than the events.
const SERVICES: [&str; 2] = [
    "SELECT invoked_by FROM usage_daily UNION SELECT service FROM key_resources",
    "SELECT DISTINCT service FROM kms_events",
];

const CALLERS: &str = "SELECT DISTINCT caller FROM usage_daily";

impl Known<'_> {
    async fn account(&self, typed: Option<&str>) -> Result<Option<String>, ReportError> {
        let Some(typed) = typed else { return Ok(None) };
        let ids = self.names("the accounts", ACCOUNTS).await?;
        if ids.contains(typed) {
            return Ok(Some(typed.to_owned()));
        }
        Err(unknown("--account", typed, &ids))
    }

    async fn region(&self, typed: Option<&str>) -> Result<Option<String>, ReportError> {
        let Some(typed) = typed else { return Ok(None) };
        let regions = self.names("the regions", REGIONS).await?;
        if regions.contains(typed) {
            return Ok(Some(typed.to_owned()));
        }
        Err(unknown("--region", typed, &regions))
    }

    /// A service by its DNS name, or by what stands before `.amazonaws.com`.
    async fn service(&self, typed: Option<&str>) -> Result<Option<String>, ReportError> {
        let Some(typed) = typed else { return Ok(None) };
        let mut services = BTreeSet::new();
        for sql in SERVICES {
            services.append(&mut self.names("the services", sql).await?);
            for name in [typed.to_owned(), format!("{typed}.amazonaws.com")] {
                if services.contains(&name) {
                    return Ok(Some(name));
                }
            }
        }
        Err(unknown("--service", typed, &services))
    }

    async fn caller(&self, typed: Option<&str>) -> Result<Option<String>, ReportError> {
        let Some(typed) = typed else { return Ok(None) };
        let callers = self.names("the callers", CALLERS).await?;
        if callers.contains(typed) {
            return Ok(Some(typed.to_owned()));
        }
        let mut meant = callers.iter().filter(|caller| is_meant(caller, typed));
        match (meant.next(), meant.next()) {
            (None, _) => Err(unknown("--caller", typed, &callers)),
            (Some(caller), None) => Ok(Some(caller.clone())),
            (Some(first), Some(second)) => Err(ReportError::AmbiguousValue {
                option: "--caller",
                value: typed.to_owned(),
                candidates: [first, second].into_iter().chain(meant).cloned().collect(),
            }),
        }
    }

    /// The texts in the first column, without nulls.
    async fn names(&self, what: &str, sql: &str) -> Result<BTreeSet<String>, ReportError> {
        let fault = |source| ReportError::engine(what, source);
        let frame = self.context.sql(sql).await.map_err(fault)?;
        let mut names = BTreeSet::new();
        for batch in frame.collect().await.map_err(fault)? {
            let column = cast(batch.column(0), &DataType::Utf8)
                .map_err(|source| fault(DataFusionError::from(source)))?;
            let column = column.as_string::<i32>();
            names.extend(column.iter().flatten().map(str::to_owned));
        }
        names.remove("");
        Ok(names)
    }
}

/// Whether a caller can be meant by what is not its full name: the ARN of a session of the role, `role/<name>`
/// or `user/<name>` with or without the path, the name alone, or a service without its domain.
fn is_meant(caller: &str, typed: &str) -> bool {
    let parts = |arn: &str| -> Option<(String, String, String)> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", partition, _, _, account, resource] => Some((
                (*partition).to_owned(),
                (*account).to_owned(),
                (*resource).to_owned(),
            )),
            _ => None,
        }
    };
    let Some((partition, account, resource)) = parts(caller) else {
        // `service:s3.amazonaws.com`, `account:111122223333`, `identitycenter:…`.
        let name = caller.split_once(':').map(|(_, name)| name);
        return name.is_some_and(|name| {
            name == typed || name.strip_suffix(".amazonaws.com") == Some(typed)
        });
    };
    let (kind, path) = resource.split_once('/').unwrap_or(("", &resource));
    let name = path.rsplit('/').next().unwrap_or(path);
    if let Some((typed_partition, typed_account, typed_resource)) = parts(typed) {
        let mut session = typed_resource.split('/');
        return kind == "role"
            && (typed_partition, typed_account) == (partition, account)
            && session.next() == Some("assumed-role")
            && session.next() == Some(name);
    }
    typed == resource
        || typed == path
        || typed == name
        || typed.split_once('/') == Some((kind, name))
}

fn unknown(option: &'static str, value: &str, known: &BTreeSet<String>) -> ReportError {
    ReportError::UnknownValue {
        option,
        value: value.to_owned(),
        candidates: nearest(value, known.iter().map(String::as_str)),
    }
}

#[cfg(test)]
mod tests {
    use super::is_meant;

    #[test]
    fn callers_go_by_their_names() {
        const ROLE: &str = "arn:aws:iam::111122223333:role/service/app";
        for (caller, typed, expected) in [
            (ROLE, "app", true),
            (ROLE, "role/app", true),
            (ROLE, "service/app", true),
            (ROLE, "role/service/app", true),
            (ROLE, "user/app", false),
            (ROLE, "ap", false),
            (ROLE, "service", false),
            (
                ROLE,
                "arn:aws:sts::111122223333:assumed-role/app/i-0123",
                true,
            ),
            (ROLE, "arn:aws:sts::111122223333:assumed-role/app", true),
            (
                ROLE,
                "arn:aws:sts::444455556666:assumed-role/app/i-0123",
                false,
            ),
            (ROLE, "arn:aws:iam::111122223333:user/app", false),
            ("arn:aws:iam::111122223333:user/app", "app", true),
            ("arn:aws:iam::111122223333:user/app", "role/app", false),
            (
                "arn:aws:iam::111122223333:user/app",
                "arn:aws:sts::111122223333:assumed-role/app",
                false,
            ),
            ("arn:aws:iam::111122223333:root", "root", true),
            ("service:s3.amazonaws.com", "s3", true),
            ("service:s3.amazonaws.com", "s3.amazonaws.com", true),
            ("service:s3.amazonaws.com", "service", false),
            ("account:111122223333", "111122223333", true),
            ("unknown", "unknow", false),
        ] {
            assert_eq!(is_meant(caller, typed), expected, "{caller} {typed}");
        }
    }
}
