//! What the store knows, for the filters to be looked up in.
//!
//! Enters: a session's context, and what was typed. Leaves: the value as the rows have it, or an error with the
//! nearest values.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array as _, StringArray};
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;

use super::shape::{account_of, is_caller, is_principal, is_same_identity};
use crate::catalog::{Library, Note, nearest};
use crate::report::values::{plan, timestamp};
use crate::report::{LogPeriod, ReportError, Window};
use crate::sql::texts;

/// Accounts that the logs name: whose they are, and who called.
const SEEN_ACCOUNTS: &str = "SELECT account FROM log_accounts \
    UNION SELECT account FROM known_keys \
    UNION SELECT caller_account_id FROM key_resources \
    UNION SELECT split_part(caller, ':', CASE WHEN caller LIKE 'arn:%' THEN 5 ELSE 2 END) FROM usage_daily \
        WHERE caller LIKE 'arn:%' OR caller LIKE 'account:%'";

const IMPORTED: &str = "SELECT account, name, ou, owner FROM current_accounts ORDER BY account";

const TAGGED_EVER: &str = "SELECT key_arn FROM key_tags WHERE tag_name = $name AND ($value IS NULL OR tag_value = $value)";

const TAGGED: &str = "SELECT key_arn FROM key_tags WHERE tag_name = $name AND ($value IS NULL OR tag_value = $value) \
    AND ($since IS NULL OR valid_to IS NULL OR valid_to > $since) \
    AND ($until IS NULL OR valid_from IS NULL OR valid_from < $until)";

const TAGS: &str = "SELECT DISTINCT tag_name || '=' || coalesce(tag_value, '') FROM key_tags";

/// What the store knows.
pub(in crate::report) struct KnownValues<'a> {
    context: &'a SessionContext,
}

const REGIONS: &str = "SELECT region FROM usage_monthly UNION SELECT region FROM known_keys \
    UNION SELECT region FROM log_files";

/// The roll-ups first, which are far smaller than the events.
const SERVICES: [&str; 2] = [
    "SELECT invoked_by FROM usage_daily UNION SELECT service FROM key_resources",
    "SELECT DISTINCT service FROM kms_events",
];

const CALLERS: &str = "SELECT DISTINCT caller FROM usage_daily";

/// Whether a record knows its caller by that name, as the reports of principals look for it.
const PRINCIPAL_HELD: &str =
    "SELECT 'held' FROM kms_events WHERE is_principal(kms_events, $value) LIMIT 1";

/// Whether a grant is for it: a service or a role may have one and never have called.
const GRANTED: &str = "SELECT 'granted' FROM grants WHERE goes_by(grantee, $value) LIMIT 1";

const PRINCIPALS: &str = "SELECT DISTINCT name FROM (SELECT unnest(make_array(caller, user_arn, user_name, session_name, \
    access_key_id, credential_id, principal_id, source_identity, on_behalf_of, source_ip, vpc_endpoint_id)) AS name \
    FROM kms_events)";

/// Whether a record names that resource, as the report of resources looks for it.
const RESOURCE_HELD: &str =
    "SELECT 'held' FROM key_resources WHERE names_resource(resource, $value) LIMIT 1";

const RESOURCES: &str = "SELECT DISTINCT resource FROM key_resources";

/// The value of the one placeholder of a look-up.
fn one_value(typed: &str) -> BTreeMap<String, ScalarValue> {
    BTreeMap::from([(
        "value".to_owned(),
        ScalarValue::Utf8(Some(typed.to_owned())),
    )])
}

impl<'a> KnownValues<'a> {
    pub(in crate::report) fn new(context: &'a SessionContext) -> Self {
        Self { context }
    }

    /// An account by its id, or by the name that was imported for it.
    pub(super) async fn account(&self, typed: Option<&str>) -> Result<Option<String>, ReportError> {
        const OPTION: &str = "--account";
        let Some(typed) = typed else { return Ok(None) };
        let imported = self.imported().await?;
        let mut known = self.names("the accounts", SEEN_ACCOUNTS).await?;
        known.extend(imported.iter().map(|account| account.id.clone()));
        if known.contains(typed) {
            return Ok(Some(typed.to_owned()));
        }
        let named = imported
            .iter()
            .filter(|account| account.name.as_deref() == Some(typed));
        let named: Vec<&Imported> = named.collect();
        match named.as_slice() {
            [] => {
                known.extend(imported.iter().filter_map(|account| account.name.clone()));
                Err(unknown(OPTION, typed, &known))
            }
            [account] => Ok(Some(account.id.clone())),
            several => Err(ReportError::AmbiguousValue {
                option: OPTION,
                value: typed.to_owned(),
                candidates: several.iter().map(|account| account.told()).collect(),
            }),
        }
    }

    /// The accounts of an owner and below an organizational unit; none where neither is asked for.
    pub(super) async fn key_accounts(
        &self,
        owner: Option<&str>,
        ou: Option<&str>,
    ) -> Result<Vec<String>, ReportError> {
        let ou = ou.map(|path| path.trim_matches('/'));
        let asked = [("--owner", owner), ("--ou", ou)];
        if owner.is_none() && ou.is_none() {
            return Ok(Vec::new());
        }
        let imported = self.imported().await?;
        for (option, value) in asked {
            let Some(value) = value else { continue };
            if imported.is_empty() {
                return Err(ReportError::NoAccounts { option });
            }
            if !imported.iter().any(|account| account.has(option, value)) {
                let known = imported.iter().flat_map(|account| account.values(option));
                return Err(unknown(option, value, &known.collect()));
            }
        }
        let left = imported.iter().filter(|account| {
            let mut given = asked
                .iter()
                .filter_map(|(option, value)| Some((option, (*value)?)));
            given.all(|(option, value)| account.has(option, value))
        });
        let left: Vec<String> = left.map(|account| account.id.clone()).collect();
        if left.is_empty() {
            return Err(ReportError::NothingLeft {
                problem: "no account has that `--owner` and is under that `--ou`",
            });
        }
        Ok(left)
    }

    /// The note on those of these accounts that no log names.
    pub(super) async fn note_on_accounts(
        &self,
        accounts: &BTreeSet<&str>,
    ) -> Result<Option<Note>, ReportError> {
        if accounts.is_empty() {
            return Ok(None);
        }
        let seen = self.names("the accounts", SEEN_ACCOUNTS).await?;
        let unseen = accounts.iter().filter(|account| !seen.contains(**account));
        let unseen: Vec<&str> = unseen.copied().collect();
        if unseen.is_empty() {
            return Ok(None);
        }
        let imported = self.imported().await?;
        let names = unseen.iter().map(|id| {
            let named = imported.iter().find(|account| account.id == **id);
            match named.and_then(|account| account.name.as_deref()) {
                Some(name) => format!("{id} ({name})"),
                None => (*id).to_owned(),
            }
        });
        let names = names.collect::<Vec<_>>().join(", ");
        let text = match unseen.len() {
            1 => format!("1 account has no logs, so nothing is known of it: {names}"),
            count => format!("{count} accounts have no logs, so nothing is known of them: {names}"),
        };
        let count = i64::try_from(unseen.len()).ok();
        Ok(Some(Note::new("no-logs", count, text)))
    }

    /// The keys that carried all of the tags at any time of the window, each tag `name=value` or `name`.
    pub(super) async fn tagged_keys(
        &self,
        tags: &[String],
        window: &Window,
    ) -> Result<Vec<String>, ReportError> {
        const WHAT: &str = "key_tags";
        let mut left: Option<BTreeSet<String>> = None;
        for tag in tags {
            let (name, value) = match tag.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (tag.as_str(), None),
            };
            let values = BTreeMap::from([
                ("name".to_owned(), ScalarValue::Utf8(Some(name.to_owned()))),
                (
                    "value".to_owned(),
                    ScalarValue::Utf8(value.map(str::to_owned)),
                ),
                ("since".to_owned(), timestamp(window.since)),
                ("until".to_owned(), timestamp(window.until)),
            ]);
            if self.bound(WHAT, TAGGED_EVER, &values).await?.is_empty() {
                let known = self.names(WHAT, TAGS).await?;
                return Err(unknown("--tag", tag, &known));
            }
            let carrying = self.bound(WHAT, TAGGED, &values).await?;
            left = Some(match left {
                None => carrying,
                Some(before) => before.intersection(&carrying).cloned().collect(),
            });
        }
        let Some(left) = left else {
            return Ok(Vec::new());
        };
        if left.is_empty() {
            return Err(ReportError::NothingLeft {
                problem: "no key carried what `--tag` asks for in the window",
            });
        }
        Ok(left.into_iter().collect())
    }

    pub(super) async fn region(&self, typed: Option<&str>) -> Result<Option<String>, ReportError> {
        let Some(typed) = typed else { return Ok(None) };
        let regions = self.names("the regions", REGIONS).await?;
        if regions.contains(typed) {
            return Ok(Some(typed.to_owned()));
        }
        Err(unknown("--region", typed, &regions))
    }

    /// A service by its DNS name, or by what stands before `.amazonaws.com`.
    pub(super) async fn service(&self, typed: Option<&str>) -> Result<Option<String>, ReportError> {
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

    /// A caller by its name, and the note on one that did nothing.
    pub(super) async fn caller(
        &self,
        typed: Option<&str>,
        logs: &LogPeriod,
    ) -> Result<Option<(String, Option<Note>)>, ReportError> {
        let Some(typed) = typed else { return Ok(None) };
        let callers = self.names("the callers", CALLERS).await?;
        if callers.contains(typed) {
            return Ok(Some((typed.to_owned(), None)));
        }
        let mut meant = callers.iter().filter(|caller| is_meant(caller, typed));
        match (meant.next(), meant.next()) {
            (None, _) if is_caller(typed) && self.is_elsewhere(typed, &callers).await? => {
                let nothing = self.nothing_of(typed, &callers, logs).await?;
                Ok(Some((typed.to_owned(), Some(nothing))))
            }
            (None, _) => Err(unknown("--caller", typed, &callers)),
            (Some(caller), None) => Ok(Some((caller.clone(), None))),
            (Some(first), Some(second)) => Err(ReportError::AmbiguousValue {
                option: "--caller",
                value: typed.to_owned(),
                candidates: [first, second].into_iter().chain(meant).cloned().collect(),
            }),
        }
    }

    /// Whether a text is a principal that did nothing here, not another way to write one that did: an account that the
    /// logs know, a user or role with another path.
    async fn is_elsewhere(
        &self,
        typed: &str,
        known: &BTreeSet<String>,
    ) -> Result<bool, ReportError> {
        if !is_principal(typed) || known.iter().any(|name| is_same_identity(name, typed)) {
            return Ok(false);
        }
        let Some(account) = account_of(typed) else {
            return Ok(true);
        };
        let seen = self.names("the accounts", SEEN_ACCOUNTS).await?;
        Ok(!seen.contains(account))
    }

    /// The note on a principal that did nothing, with the names that it may be a slip of.
    async fn nothing_of(
        &self,
        typed: &str,
        known: &BTreeSet<String>,
        logs: &LogPeriod,
    ) -> Result<Note, ReportError> {
        const HORIZON: &str = "SELECT retention_horizon('kms_events') AS horizon";
        let horizon = self
            .bound("the retention", HORIZON, &BTreeMap::new())
            .await?;
        let horizon = horizon.first().and_then(|text| text.parse().ok());
        let near = nearest(typed, known.iter().map(String::as_str));
        Ok(logs.nothing_of(typed, horizon, &near))
    }

    /// The callers of the daily counts that go by a name, which know neither sessions nor access keys.
    pub(in crate::report) async fn counted_callers(
        &self,
        typed: &str,
    ) -> Result<Vec<String>, ReportError> {
        let callers = self.names("the callers", CALLERS).await?;
        let named = callers.into_iter();
        Ok(named
            .filter(|caller| goes_by(caller, typed) || is_meant(caller, typed))
            .collect())
    }

    /// The names of the accounts that were imported with one, by id.
    pub(super) async fn account_names(&self) -> Result<BTreeMap<String, String>, ReportError> {
        let imported = self.imported().await?;
        let named = imported.into_iter();
        Ok(named
            .filter_map(|account| Some((account.id, account.name?)))
            .collect())
    }

    /// Refuses what neither a record nor a count knows a principal by and what does not look like one. For one that
    /// did nothing, the note on it.
    pub(in crate::report) async fn held_principal(
        &self,
        library: &Library,
        option: &str,
        typed: &str,
        logs: &LogPeriod,
    ) -> Result<Option<Note>, ReportError> {
        // The roll-ups outlive the events, and are far smaller.
        let callers = self.names("the callers", CALLERS).await?;
        if callers.iter().any(|caller| goes_by(caller, typed)) {
            return Ok(None);
        }
        let values = one_value(typed);
        let held = library.with_macros(PRINCIPAL_HELD)?;
        let held = self.bound("the principals", &held, &values).await?;
        if !held.is_empty() {
            return Ok(None);
        }
        let known = self.names("the principals", PRINCIPALS).await?;
        let granted = library.with_macros(GRANTED)?;
        let granted = self.bound("the grants", &granted, &values).await?;
        if !granted.is_empty() || self.is_elsewhere(typed, &known).await? {
            return Ok(Some(self.nothing_of(typed, &known, logs).await?));
        }
        Err(unknown(option, typed, &known))
    }

    /// Refuses what no record held names as a resource.
    pub(in crate::report) async fn held_resource(
        &self,
        library: &Library,
        option: &str,
        typed: &str,
    ) -> Result<(), ReportError> {
        const WHAT: &str = "key_resources";
        let values = one_value(typed);
        let held = library.with_macros(RESOURCE_HELD)?;
        if !self.bound(WHAT, &held, &values).await?.is_empty() {
            return Ok(());
        }
        let known = self.names(WHAT, RESOURCES).await?;
        Err(unknown(option, typed, &known))
    }

    async fn imported(&self) -> Result<Vec<Imported>, ReportError> {
        let none = BTreeMap::new();
        let columns = self.columns("current_accounts", IMPORTED, &none).await?;
        let mut accounts = Vec::new();
        for columns in columns {
            let text = |column: usize, row: usize| {
                let column: &StringArray = &columns[column];
                column.is_valid(row).then(|| column.value(row).to_owned())
            };
            accounts.extend((0..columns[0].len()).filter_map(|row| {
                Some(Imported {
                    id: text(0, row)?,
                    name: text(1, row),
                    ou: text(2, row),
                    owner: text(3, row),
                })
            }));
        }
        Ok(accounts)
    }

    /// The texts in the first column, without nulls.
    async fn names(&self, what: &str, sql: &str) -> Result<BTreeSet<String>, ReportError> {
        self.bound(what, sql, &BTreeMap::new()).await
    }

    /// The same of a statement with placeholders.
    pub(super) async fn bound(
        &self,
        what: &str,
        sql: &str,
        values: &BTreeMap<String, ScalarValue>,
    ) -> Result<BTreeSet<String>, ReportError> {
        let mut names = BTreeSet::new();
        for columns in self.columns(what, sql, values).await? {
            names.extend(columns[0].iter().flatten().map(str::to_owned));
        }
        names.remove("");
        Ok(names)
    }

    /// The columns of each batch of rows, as text.
    async fn columns(
        &self,
        what: &str,
        sql: &str,
        values: &BTreeMap<String, ScalarValue>,
    ) -> Result<Vec<Vec<StringArray>>, ReportError> {
        let fault = |source| ReportError::engine(what, source);
        let frame = plan(self.context, sql, values).await.map_err(fault)?;
        let batches = frame.collect().await.map_err(fault)?;
        let texts = batches.iter().map(|batch| {
            let columns = batch.columns().iter().map(texts);
            columns
                .collect::<Result<Vec<_>, _>>()
                .map_err(DataFusionError::from)
        });
        texts.collect::<Result<_, _>>().map_err(fault)
    }
}

/// An account of the list that was imported last.
struct Imported {
    id: String,
    name: Option<String>,
    ou: Option<String>,
    owner: Option<String>,
}

impl Imported {
    /// Whether it is what `--owner` or `--ou` asks for.
    fn has(&self, option: &str, value: &str) -> bool {
        self.values(option).iter().any(|own| own == value)
    }

    /// Its owner, or its organizational unit and those above.
    fn values(&self, option: &str) -> Vec<String> {
        if option == "--owner" {
            return self.owner.iter().cloned().collect();
        }
        let path = self.ou.as_deref().unwrap_or_default();
        let above = path
            .match_indices('/')
            .map(|(end, _)| path[..end].to_owned());
        above.chain(self.ou.clone()).collect()
    }

    fn told(&self) -> String {
        let ou = self.ou.as_deref().unwrap_or_default();
        format!("{} {ou}", self.id).trim_end().to_owned()
    }
}

/// Whether a caller is called so: by its full name or the last part of it.
fn goes_by(caller: &str, typed: &str) -> bool {
    caller == typed || caller.rsplit('/').next() == Some(typed)
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

fn unknown(option: &str, value: &str, known: &BTreeSet<String>) -> ReportError {
    let blank = if option.ends_with('=') { "" } else { " " };
    ReportError::UnknownValue {
        option: format!("{}{blank}", option.trim_end()),
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
