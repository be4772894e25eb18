//! The documentation of the tables, as Markdown.

use std::fmt::Write as _;

use super::{TABLES, VIEW_VOCABULARIES};

/// The text of `docs/schema.md`.
#[must_use]
pub fn to_markdown() -> String {
    let mut page = String::from(
        "# The tables\n\n\
         Written by `keytrail schema`; a test keeps it true. Times are in UTC. [The views](views.md) over these\n\
         tables count each call once and resolve aliases.\n",
    );
    for table in TABLES {
        // Writing to a String cannot fail.
        let _infallible = write!(page, "\n## {}\n\n{}\n\n", table.name, table.doc);
        if let Some(partition) = table.partition {
            let _infallible = write!(page, "Partitioned by `{partition}`. ");
        }
        let _infallible = writeln!(
            page,
            "Sorted within a file by `{}`.\n",
            table.sort.join("`, `")
        );
        page.push_str("| column | type | null | meaning |\n|---|---|---|---|\n");
        for column in table.columns {
            let null = if column.nullable { "yes" } else { "" };
            let doc = column.described().replace('|', "\\|");
            let _infallible = writeln!(
                page,
                "| `{}` | {} | {null} | {doc} |",
                column.name,
                column.kind.word()
            );
        }
    }
    page.push_str(
        "\n## Vocabularies of views\n\nColumns that views and reports make, with all values that they can have.\n\n\
         | column | meaning |\n|---|---|\n",
    );
    for vocabulary in VIEW_VOCABULARIES {
        let (column, doc) = (vocabulary.column, vocabulary.doc);
        let _infallible = writeln!(page, "| `{column}` | {doc}{} |", one_of(vocabulary.values));
    }
    page
}

/// The values of a closed vocabulary; nothing for an open one.
pub(super) fn one_of(values: &[&str]) -> String {
    if values.is_empty() {
        return String::new();
    }
    format!(" One of `{}`.", values.join("`, `"))
}
