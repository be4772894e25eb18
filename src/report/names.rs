//! The names of accounts, beside their ids.
//!
//! Enters: the rows of a report. Leaves: the same rows with a column of names behind each column that tells account
//! ids, and behind callers and keys, whose ARNs hold one. The columns are there in every store, so that what reads
//! them can rely on it; what no list of accounts names is null. A report that names accounts itself is left alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt as _;

use crate::sql::texts;

/// How a column tells accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AccountForm {
    /// The id of one.
    Id,
    /// The ids of several, with commas between them.
    List,
    /// An ARN, or `account:` and the id.
    Within,
}

/// A column that tells accounts, and what the column of their names is called.
fn vocabulary(column: &str) -> Option<(AccountForm, String)> {
    let stem = column.strip_suffix("_id").unwrap_or(column);
    if stem == "account" || stem.ends_with("_account") {
        return Some((AccountForm::Id, format!("{stem}_name")));
    }
    if column == "accounts" || column.ends_with("_accounts") {
        let stem = column.trim_end_matches('s');
        return Some((AccountForm::List, format!("{stem}_names")));
    }
    match column {
        "caller" => Some((AccountForm::Within, "caller_account_name".to_owned())),
        "key" | "key_arn" => Some((AccountForm::Within, "key_account_name".to_owned())),
        _ => None,
    }
}

/// The name of the one account that a report with a column of this name is about.
const OWN_NAME: &str = "account_name";

/// A column of names to be.
#[derive(Debug, PartialEq, Eq)]
struct Beside {
    /// The column that it stands behind.
    at: usize,
    form: AccountForm,
    name: String,
}

/// The columns of names that rows of this schema lack.
fn lacking(schema: &Schema) -> Vec<Beside> {
    let has = |name: &str| schema.fields().iter().any(|field| field.name() == name);
    let is_named = has(OWN_NAME) || has("account") || has("account_id");
    let mut lacking: Vec<Beside> = Vec::new();
    for (at, field) in schema.fields().iter().enumerate() {
        let Some((form, name)) = vocabulary(field.name()) else {
            continue;
        };
        let is_told = is_named && form == AccountForm::Within;
        let is_there = has(&name) || lacking.iter().any(|other| other.name == name);
        if is_text(field.data_type()) && !is_told && !is_there {
            lacking.push(Beside { at, form, name });
        }
    }
    lacking
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// The columns of names that are put beside rows of this schema.
pub(super) fn added(schema: &Schema) -> Vec<String> {
    let lacking = lacking(schema).into_iter();
    lacking.map(|beside| beside.name).collect()
}

/// The columns that name what the column before them tells.
pub(super) fn of_neighbors(schema: &Schema) -> Vec<String> {
    let fields = schema.fields();
    let pairs = fields.iter().zip(fields.iter().skip(1));
    let named = pairs.filter(|(before, field)| {
        vocabulary(before.name()).is_some_and(|(form, name)| {
            *field.name() == name || (form == AccountForm::Within && field.name() == OWN_NAME)
        })
    });
    named.map(|(_, field)| field.name().clone()).collect()
}

/// The rows with what they lack; `names` are those of the accounts, by id.
pub(super) fn with_names(
    rows: SendableRecordBatchStream,
    names: BTreeMap<String, String>,
) -> SendableRecordBatchStream {
    let before = rows.schema();
    let lacking = lacking(&before);
    let mut fields = Vec::with_capacity(before.fields().len() + lacking.len());
    for (at, field) in before.fields().iter().enumerate() {
        fields.push(Arc::clone(field));
        let behind = lacking.iter().filter(|beside| beside.at == at);
        fields
            .extend(behind.map(|beside| Arc::new(Field::new(&beside.name, DataType::Utf8, true))));
    }
    let schema = Arc::new(Schema::new(fields));
    let after = Arc::clone(&schema);
    let rows = rows.map(move |batch| named(&batch?, &lacking, &names, &after));
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

fn named(
    batch: &RecordBatch,
    lacking: &[Beside],
    names: &BTreeMap<String, String>,
    schema: &Arc<Schema>,
) -> Result<RecordBatch, DataFusionError> {
    let mut columns = Vec::with_capacity(schema.fields().len());
    for (at, column) in batch.columns().iter().enumerate() {
        columns.push(Arc::clone(column));
        for beside in lacking.iter().filter(|beside| beside.at == at) {
            columns.push(beside.of(column, names)?);
        }
    }
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

impl Beside {
    fn of(
        &self,
        column: &ArrayRef,
        names: &BTreeMap<String, String>,
    ) -> Result<ArrayRef, DataFusionError> {
        if names.is_empty() {
            return Ok(Arc::new(StringArray::new_null(column.len())));
        }
        let texts = texts(column)?;
        let found: StringArray = texts
            .iter()
            .map(|text| self.form.name(text?, names))
            .collect();
        Ok(Arc::new(found))
    }
}

impl AccountForm {
    fn name(self, text: &str, names: &BTreeMap<String, String>) -> Option<String> {
        match self {
            Self::Id => names.get(text).cloned(),
            Self::Within => {
                let place = if text.starts_with("arn:") { 4 } else { 1 };
                names.get(text.split(':').nth(place)?).cloned()
            }
            Self::List => {
                let ids: Vec<&str> = text.split(',').map(str::trim).collect();
                let is_any_named = ids.iter().any(|id| names.contains_key(*id));
                // An id without a name stands for itself, so that the others stay in their places.
                let told = ids
                    .iter()
                    .map(|id| names.get(*id).map_or(*id, String::as_str));
                is_any_named.then(|| told.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(columns: &[&str]) -> Schema {
        let text = |name: &&str| Field::new(*name, DataType::Utf8, true);
        Schema::new(columns.iter().map(text).collect::<Vec<_>>())
    }

    #[test]
    fn each_column_of_ids_lacks_names_unless_the_report_has_them() {
        #[track_caller]
        fn check(columns: &[&str], expected: &[&str]) {
            let lacking = lacking(&schema(columns));
            let names: Vec<&str> = lacking.iter().map(|beside| beside.name.as_str()).collect();
            assert_eq!(names, expected, "{columns:?}");
        }
        check(&["account", "region"], &["account_name"]);
        check(&["account", "account_name", "key_arn", "caller"], &[]);
        check(&["caller", "account_name"], &[]);
        check(
            &["caller", "key"],
            &["caller_account_name", "key_account_name"],
        );
        check(&["key_arn", "key"], &["key_account_name"]);
        check(&["key", "accounts"], &["key_account_name", "account_names"]);
        check(
            &["recipient_account_id", "key_account"],
            &["recipient_account_name", "key_account_name"],
        );
        check(&["callers", "account_and_region", "keys"], &[]);
        let number = Schema::new(vec![Field::new("accounts", DataType::Int64, true)]);
        assert!(lacking(&number).is_empty());
    }

    #[test]
    fn names_are_those_of_the_ids() {
        let names = [("111122223333", "prod"), ("444455556666", "dev")];
        let names: BTreeMap<_, _> = names
            .map(|(id, name)| (id.to_owned(), name.to_owned()))
            .into();
        let check = |form: AccountForm, text: &str, expected: Option<&str>| {
            assert_eq!(form.name(text, &names).as_deref(), expected, "{text}");
        };
        check(AccountForm::Id, "111122223333", Some("prod"));
        check(AccountForm::Id, "999999999999", None);
        check(
            AccountForm::Within,
            "arn:aws:iam::444455556666:role/etl",
            Some("dev"),
        );
        check(AccountForm::Within, "account:111122223333", Some("prod"));
        check(AccountForm::Within, "service:s3.amazonaws.com", None);
        check(
            AccountForm::Within,
            "8b402961-4718-43ca-8f94-e4fd57328e34",
            None,
        );
        check(
            AccountForm::List,
            "111122223333, 999999999999",
            Some("prod, 999999999999"),
        );
        check(AccountForm::List, "999999999999", None);
    }
}
