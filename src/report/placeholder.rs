//! The placeholders of a statement: where they stand, and the statement with values in their places.
//!
//! Enters: the text of a statement. Leaves: names with their lines, or the text with literals that can be
//! run as they stand. What looks like a placeholder in a text or a comment is none.

use std::collections::BTreeMap;

use arrow::array::AsArray as _;
use chrono::{DateTime, SecondsFormat};
use datafusion::common::ScalarValue;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

/// One `$name` of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placeholder {
    /// Its name, without the dollar.
    pub(super) name: String,
    /// Its line in the statement, from 1.
    pub(super) line: usize,
    /// Its first character in that line, from 1.
    column: usize,
}

/// The placeholders in the order of the text; none where it is no SQL.
pub(super) fn placeholders(sql: &str) -> Vec<Placeholder> {
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize_with_location();
    // A text that cannot be read is told by whoever plans it.
    let tokens = tokens.unwrap_or_default();
    let found = tokens.into_iter().filter_map(|token| {
        let Token::Placeholder(text) = token.token else {
            return None;
        };
        Some(Placeholder {
            name: text.strip_prefix('$')?.to_owned(),
            line: usize::try_from(token.span.start.line).ok()?,
            column: usize::try_from(token.span.start.column).ok()?,
        })
    });
    found.collect()
}

/// The statement with a literal in the place of each placeholder that has a value.
pub(super) fn substituted(sql: &str, values: &BTreeMap<String, ScalarValue>) -> String {
    let mut lines: Vec<String> = sql.split('\n').map(str::to_owned).collect();
    // From the end, so that what is still to be replaced stays where it is.
    for placeholder in placeholders(sql).iter().rev() {
        let Some(value) = values.get(&placeholder.name) else {
            continue;
        };
        let line = &mut lines[placeholder.line - 1];
        let mut starts = line.char_indices().map(|(at, _)| at);
        if let Some(start) = starts.nth(placeholder.column - 1) {
            let end = start + placeholder.name.len() + 1;
            line.replace_range(start..end, &literal(value));
        }
    }
    lines.join("\n")
}

/// The value as it is written in SQL, with its type.
fn literal(value: &ScalarValue) -> String {
    const TIME: &str = "Timestamp(Microsecond, Some(\"UTC\"))";
    match value {
        ScalarValue::TimestampMicrosecond(Some(micros), _) => {
            let time = DateTime::from_timestamp_micros(*micros);
            let text = time.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true));
            format!(
                "arrow_cast({}, '{TIME}')",
                quoted(&text.unwrap_or_default())
            )
        }
        ScalarValue::TimestampMicrosecond(None, _) => format!("arrow_cast(NULL, '{TIME}')"),
        ScalarValue::Date32(Some(_)) => format!("CAST({} AS DATE)", quoted(&value.to_string())),
        ScalarValue::Date32(None) => "CAST(NULL AS DATE)".to_owned(),
        ScalarValue::Int64(Some(number)) => number.to_string(),
        ScalarValue::Int64(None) => "CAST(NULL AS BIGINT)".to_owned(),
        ScalarValue::Utf8(Some(text)) => quoted(text),
        ScalarValue::Utf8(None) => "CAST(NULL AS VARCHAR)".to_owned(),
        ScalarValue::List(list) => {
            let texts = list.values();
            let texts = texts.as_string_opt::<i32>().map(|texts| {
                let texts = texts.iter().flatten().map(quoted);
                texts.collect::<Vec<_>>().join(", ")
            });
            format!(
                "arrow_cast(make_array({}), 'List(Utf8)')",
                texts.unwrap_or_default()
            )
        }
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use datafusion::common::ScalarValue;

    use super::{placeholders, substituted};

    #[test]
    fn only_placeholders_are_replaced() {
        let sql = "SELECT '$a', é, $a -- $a\n  , \"$a\" /* $b\n */, $b + $a, $ab";
        let found: Vec<(String, usize)> = placeholders(sql)
            .into_iter()
            .map(|found| (found.name, found.line))
            .collect();
        let expected = [("a", 1), ("b", 3), ("a", 3), ("ab", 3)];
        assert_eq!(found, expected.map(|(name, line)| (name.to_owned(), line)));
        let values = BTreeMap::from([
            (
                "a".to_owned(),
                ScalarValue::Utf8(Some("it's $b".to_owned())),
            ),
            ("b".to_owned(), ScalarValue::Int64(Some(-7))),
        ]);
        assert_eq!(
            substituted(sql, &values),
            "SELECT '$a', é, 'it''s $b' -- $a\n  , \"$a\" /* $b\n */, -7 + 'it''s $b', $ab"
        );
        assert_eq!(substituted("SELECT 'open", &values), "SELECT 'open");
    }
}
