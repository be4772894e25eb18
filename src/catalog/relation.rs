//! Queries as relations of a session: views, and roll-ups that add up one another.

/// The relation that the queries of the roll-ups read.
pub const NEW_EVENTS: &str = "new_kms_events";

/// A named query, as a view or a roll-up.
#[derive(Debug, Clone, Copy)]
pub struct Relation<'a> {
    /// The public name.
    pub name: &'a str,
    /// One SELECT statement.
    pub sql: &'a str,
    /// Whether a session computes it once, when it is first read, and keeps the rows.
    pub is_kept: bool,
}

/// The query of a roll-up that adds up the rows of another one: that of the other, as the relation `new_<name>`, in
/// front of its own.
#[must_use]
pub fn stacked(lower: &Relation<'_>, sql: &str) -> String {
    format!("{}{sql}", front(lower))
}

/// The own part of a stacked query; `None` where it does not stand on that one.
#[must_use]
pub fn unstacked<'a>(lower: &Relation<'_>, sql: &'a str) -> Option<&'a str> {
    sql.strip_prefix(&front(lower))
}

fn front(lower: &Relation<'_>) -> String {
    format!("WITH new_{} AS (\n{}\n)\n\n", lower.name, lower.sql)
}
