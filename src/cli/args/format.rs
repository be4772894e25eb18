//! The formats of rows, as they are typed.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::render::Format;

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Table,
            Self::Json,
            Self::Ndjson,
            Self::Csv,
            Self::Parquet,
            Self::Markdown,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::Table => ("table", "Columns for people, fitted to the terminal"),
            Self::Json => ("json", "One array of objects"),
            Self::Ndjson => ("ndjson", "One object per line"),
            Self::Csv => (
                "csv",
                "Comma-separated, with a header, safe for spreadsheets",
            ),
            Self::Parquet => ("parquet", "Apache Parquet, for other engines"),
            Self::Markdown => ("markdown", "A table for tickets and pages"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}
