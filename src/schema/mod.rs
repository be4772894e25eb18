//! Every table of the store, in one place: names, types and the documentation of each column.
//!
//! Enters: nothing. Leaves: [`Table`] descriptions and their Arrow schemas. `docs/schema.md` is
//! generated from here. This module does not know how a value is found in a log (that is `decode`)
//! nor how a table is kept (that is `store`).

mod events;
mod facts;
mod ledger;
mod markdown;
mod rollups;
mod vocabulary;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

pub use events::{KMS_EVENTS, TRAIL_EVENTS};
pub use facts::{EVENT_DAYS, KEY_USES, SETTLEMENTS, USES_DAILY};
pub use ledger::{FINDING_EVENTS, LISTINGS, LOG_FILE_EVENTS, RUNS, VERIFICATIONS};
pub use markdown::to_markdown;
pub use rollups::{
    ACCOUNT_REGIONS, ACCOUNTS, ALIAS_SIGHTINGS, KEY_INVENTORY, KEY_RESOURCES, Measure,
    ORGANIZATION_ACCOUNTS, ROLLUPS, TRAILS, USAGE_DAILY, USAGE_MONTHLY, measures, summed_only,
};
pub use vocabulary::{VIEW_VOCABULARIES, Vocabulary};

/// The number that a store carries in its table property `keytrail.format`.
///
/// A store with a larger number was written by a newer keytrail and is refused.
pub const STORE_FORMAT: u32 = 1;

/// All tables, in the order in which a run commits to them (the ledger last of those that an
/// ingest writes).
pub const TABLES: &[&Table] = &[
    &KMS_EVENTS,
    &TRAIL_EVENTS,
    &USAGE_DAILY,
    &USAGE_MONTHLY,
    &KEY_RESOURCES,
    &ALIAS_SIGHTINGS,
    &EVENT_DAYS,
    &KEY_USES,
    &USES_DAILY,
    &LOG_FILE_EVENTS,
    &RUNS,
    &LISTINGS,
    &TRAILS,
    &ACCOUNT_REGIONS,
    &ORGANIZATION_ACCOUNTS,
    &VERIFICATIONS,
    &KEY_INVENTORY,
    &ACCOUNTS,
    &FINDING_EVENTS,
    &SETTLEMENTS,
];

/// The type of a column, in the few kinds that every Delta reader understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// UTF-8 text.
    Text,
    /// A list of UTF-8 texts.
    TextList,
    /// Bytes.
    Bytes,
    /// 32-bit integer.
    Int,
    /// 64-bit integer.
    Long,
    /// True or false.
    Bool,
    /// A calendar date, UTC.
    Date,
    /// An instant in microseconds, UTC.
    Time,
}

impl ColumnKind {
    /// The Arrow type of a value of this kind.
    #[must_use]
    pub fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::TextList => DataType::List(Arc::new(Field::new("element", DataType::Utf8, true))),
            Self::Bytes => DataType::Binary,
            Self::Int => DataType::Int32,
            Self::Long => DataType::Int64,
            Self::Bool => DataType::Boolean,
            Self::Date => DataType::Date32,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }

    /// The word for this kind in the documentation.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::TextList => "list of text",
            Self::Bytes => "bytes",
            Self::Int => "int",
            Self::Long => "bigint",
            Self::Bool => "boolean",
            Self::Date => "date",
            Self::Time => "timestamp (UTC)",
        }
    }
}

/// The word for a type in the documentation, as [`ColumnKind::word`] has it for the types of the tables.
#[must_use]
pub fn type_word(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int32 => "int".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Interval(_) => "interval".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "bytes".to_owned(),
        DataType::Timestamp(_, Some(_)) => "timestamp (UTC)".to_owned(),
        DataType::List(field) => format!("list of {}", type_word(field.data_type())),
        other => other.to_string(),
    }
}

/// One column of a table.
#[derive(Debug)]
pub struct Column {
    /// The public name.
    pub name: &'static str,
    /// The type of its values.
    pub kind: ColumnKind,
    /// Whether a row may have no value here.
    pub nullable: bool,
    /// What the value means, and where it is from.
    pub doc: &'static str,
    /// All values that it can have, where that is a closed vocabulary; else empty.
    pub values: &'static [&'static str],
}

/// One table of the store.
#[derive(Debug)]
pub struct Table {
    /// The public name, and the name of its folder in the store.
    pub name: &'static str,
    /// What a row is.
    pub doc: &'static str,
    /// Columns in order, the partition column last; Delta keeps file statistics for the first 32.
    pub columns: &'static [Column],
    /// The column that the files are partitioned by, if any.
    pub partition: Option<&'static str>,
    /// The columns by which rows are sorted within a file.
    pub sort: &'static [&'static str],
}

impl Table {
    /// The Arrow schema of the whole table, partition column included.
    #[must_use]
    pub fn arrow(&self) -> SchemaRef {
        Arc::new(Schema::new(
            self.columns.iter().map(Column::field).collect::<Vec<_>>(),
        ))
    }

    /// The Arrow schema of a data file: the table's without its partition column.
    #[must_use]
    pub fn file_arrow(&self) -> SchemaRef {
        Arc::new(Schema::new(
            self.columns
                .iter()
                .filter(|column| Some(column.name) != self.partition)
                .map(Column::field)
                .collect::<Vec<_>>(),
        ))
    }
}

impl Column {
    /// What the value means, with all values that it can have if they are known.
    #[must_use]
    pub fn described(&self) -> String {
        format!("{}{}", self.doc, markdown::one_of(self.values))
    }

    fn field(&self) -> Field {
        Field::new(self.name, self.kind.data_type(), self.nullable)
    }
}

/// The table of that name.
#[must_use]
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().copied().find(|table| table.name == name)
}

/// A column that always has a value.
const fn required(name: &'static str, kind: ColumnKind, doc: &'static str) -> Column {
    Column {
        name,
        kind,
        nullable: false,
        doc,
        values: &[],
    }
}

/// A column that may be null.
const fn optional(name: &'static str, kind: ColumnKind, doc: &'static str) -> Column {
    Column {
        name,
        kind,
        nullable: true,
        doc,
        values: &[],
    }
}

/// The same column with a closed vocabulary.
const fn one_of(column: &Column, values: &'static [&'static str]) -> Column {
    Column {
        name: column.name,
        kind: column.kind,
        nullable: column.nullable,
        doc: column.doc,
        values,
    }
}
