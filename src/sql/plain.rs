//! What the engine says of a statement, in the words of someone who writes SQL.
//!
//! Enters: the engine's error. Leaves: one text, without the names of the engine's own parts, its
//! catalogue, or the stage at which it noticed.

use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;

/// How the names of tables begin in the engine's own messages.
const CATALOGUE: &str = "datafusion.public.";

/// What is wrong, without the engine's own terms.
#[must_use]
pub fn plainly(error: &DataFusionError) -> String {
    let text = match error.find_root() {
        DataFusionError::SQL(error, _) => match error.as_ref() {
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.clone(),
            ParserError::RecursionLimitExceeded => "it is nested too deeply".to_owned(),
        },
        DataFusionError::Plan(text)
        | DataFusionError::NotImplemented(text)
        | DataFusionError::Execution(text) => text.clone(),
        DataFusionError::SchemaError(error, _) => error.to_string(),
        DataFusionError::ArrowError(error, _) => error.to_string(),
        other => other.to_string(),
    };
    let is_writing = ["DDL", "DML", "Statement"]
        .iter()
        .any(|kind| text.starts_with(&format!("{kind} not supported")));
    if is_writing {
        "it would do more than read, and nothing else is allowed here".to_owned()
    } else if text.contains("only supports a single SQL statement") {
        "it is more than one: give one at a time".to_owned()
    } else if text.starts_with("No SQL statements were provided") {
        "it is empty".to_owned()
    } else {
        text.replace(CATALOGUE, "")
    }
}

#[cfg(test)]
mod tests {
    use super::plainly;

    async fn check(statement: &str, expected: &str) {
        let context = crate::sql::context();
        let options = crate::sql::read_only();
        let error = match context.sql_with_options(statement, options).await {
            Ok(frame) => frame.collect().await.expect_err("it fails"),
            Err(error) => error,
        };
        assert_eq!(plainly(&error), expected, "{statement}");
    }

    #[tokio::test]
    async fn no_word_is_the_engines() {
        let writing = "it would do more than read, and nothing else is allowed here";
        for (statement, expected) in [
            ("CREATE TABLE t (a INT)", writing),
            ("COPY (SELECT 1) TO 'x.csv'", writing),
            ("SET datafusion.execution.batch_size = 1", writing),
            (
                "SELECT 1; SELECT 2",
                "it is more than one: give one at a time",
            ),
            ("-- nothing", "it is empty"),
            (
                "SELEC 1",
                "Expected: an SQL statement, found: SELEC at Line: 1, Column: 1",
            ),
            (
                "SELECT 'a",
                "Unterminated string literal at Line: 1, Column: 8",
            ),
            ("SELECT * FROM nope", "table 'nope' not found"),
            ("SELECT 1 / 0", "Divide by zero error"),
        ] {
            check(statement, expected).await;
        }
    }
}
