//! The filters, one vocabulary for all reports.
//!
//! Enters: what was typed, and what the store knows. Leaves: the values that the scopes are bound to. A value
//! that matches nothing known is an error with the nearest names, never an empty answer.

mod cut;
mod known;
mod shape;

use std::collections::{BTreeMap, BTreeSet};

use datafusion::common::ScalarValue;
use datafusion::prelude::SessionContext;

use super::values::text_list;
use super::{LogPeriod, ReportError, Window};
use crate::catalog::Note;
use crate::sql::Session;
pub(super) use cut::{CUT_DAYS, cut_days};
pub(super) use known::KnownValues;

/// Which rows a report is about, as it was typed; none = all.
#[derive(Debug, Clone, Default)]
pub struct Filters {
    /// The recipient account of the record, by id or name; of a key that is asked for, its account.
    pub account: Option<String>,
    /// The key's region, else the record's.
    pub region: Option<String>,
    /// The service that invoked KMS, else the resource's.
    pub service: Option<String>,
    /// The stable principal: in full, or by its name where that means one.
    pub caller: Option<String>,
    /// The owner of the key's account.
    pub owner: Option<String>,
    /// The organizational unit of the key's account, with all below it.
    pub ou: Option<String>,
    /// Tags of the key, each as `name=value` or `name`; all of them.
    pub tags: Vec<String>,
    /// Whether rows with a `use_label` are left out.
    pub is_own_hidden: bool,
}

/// What the filters mean in this store.
#[derive(Debug, Default)]
pub(super) struct ResolvedFilters {
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
    service: Option<String>,
    caller: Option<String>,
    /// The accounts that owner and OU leave; empty where neither is given.
    key_accounts: Vec<String>,
    /// The keys that the tags leave; empty where none is given.
    tagged_keys: Vec<String>,
    is_own_hidden: bool,
    /// The notes on them.
    pub(super) notes: Vec<Note>,
}

impl ResolvedFilters {
    /// The placeholders of the scopes, but for the window and the key.
    pub(super) fn values(&self) -> BTreeMap<String, ScalarValue> {
        let text = |value: &Option<String>| ScalarValue::Utf8(value.clone());
        let values = [
            ("account", text(&self.account)),
            ("region", text(&self.region)),
            ("service", text(&self.service)),
            ("caller", text(&self.caller)),
            ("key_accounts", text_list(&self.key_accounts)),
            ("tagged_keys", text_list(&self.tagged_keys)),
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
        let resolved = ResolvedFilters {
            account: text(),
            region: text(),
            service: text(),
            caller: text(),
            ..ResolvedFilters::default()
        };
        let cut = CUT_DAYS.map(|name| (name.to_owned(), ScalarValue::Date32(Some(0))));
        resolved.values().into_iter().chain(cut).collect()
    }

    /// Looks up what was typed.
    pub(super) async fn resolve(
        &self,
        context: &SessionContext,
        window: &Window,
        logs: &LogPeriod,
    ) -> Result<ResolvedFilters, ReportError> {
        let store = KnownValues::new(context);
        let account = store.account(self.account.as_deref()).await?;
        let key_accounts = store
            .key_accounts(self.owner.as_deref(), self.ou.as_deref())
            .await?;
        let mut notes = Vec::new();
        let asked: BTreeSet<&str> = account
            .iter()
            .chain(&key_accounts)
            .map(String::as_str)
            .collect();
        notes.extend(store.note_on_accounts(&asked).await?);
        if !self.tags.is_empty() {
            notes.push(Note::new("tags", None, TAGS_NOTE.to_owned()));
        }
        let (caller, nothing) = store.caller(self.caller.as_deref(), logs).await?.unzip();
        notes.extend(nothing.flatten());
        Ok(ResolvedFilters {
            region: store.region(self.region.as_deref()).await?,
            service: store.service(self.service.as_deref()).await?,
            caller,
            tagged_keys: store.tagged_keys(&self.tags, window).await?,
            is_own_hidden: self.is_own_hidden,
            account,
            key_accounts,
            notes,
        })
    }
}

/// The names of the accounts that were imported with one, by id.
///
/// # Errors
/// [`ReportError::Engine`] where the list cannot be read.
pub async fn account_names(session: &Session) -> Result<BTreeMap<String, String>, ReportError> {
    KnownValues::new(session.context()).account_names().await
}

/// What is not known of tags.
const TAGS_NOTE: &str =
    "tags come from the logs alone: a key tagged before they begin is not found by its tags";
