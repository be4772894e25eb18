//! `ORDER BY 2` where the second column is computed from groups and has no name of its own.
//!
//! Enters: a statement. Leaves: the same statement with the expression of the column in the place of its number. The engine
//! looks for a column of that name among the groups, where it is not
//! (<https://github.com/apache/datafusion/issues/19410> is of this kind), or finds another one that it takes for it.

use std::ops::ControlFlow;

use datafusion::sql::parser::{ExplainStatement, Statement};
use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, OrderByKind, Query, Select, SelectItem, SetExpr, Value, Visit, VisitMut,
    Visitor, VisitorMut,
};

/// Puts expressions in the place of numbers wherever a query orders groups by them.
pub(super) fn resolve(statement: &mut Statement, is_aggregate: &dyn Fn(&str) -> bool) {
    match statement {
        Statement::Statement(statement) => {
            let _finished: ControlFlow<()> = statement.visit(&mut Positions { is_aggregate });
        }
        Statement::Explain(ExplainStatement { statement, .. }) => resolve(statement, is_aggregate),
        _ => {}
    }
}

struct Positions<'a> {
    is_aggregate: &'a dyn Fn(&str) -> bool,
}

impl VisitorMut for Positions<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        let SetExpr::Select(select) = query.body.as_ref() else {
            return ControlFlow::Continue(());
        };
        let kind = query.order_by.as_mut().map(|order_by| &mut order_by.kind);
        let Some(OrderByKind::Expressions(keys)) = kind else {
            return ControlFlow::Continue(());
        };
        if !self.is_grouped(select) {
            return ControlFlow::Continue(());
        }
        for key in keys {
            if let Some(column) = position(&key.expr).and_then(|place| unnamed(select, place)) {
                // In brackets, so that a column that is a number is no position once more.
                key.expr = Expr::Nested(Box::new(column.clone()));
            }
        }
        ControlFlow::Continue(())
    }
}

impl Positions<'_> {
    /// Whether the rows of a query are groups, or all of them one.
    fn is_grouped(&self, select: &Select) -> bool {
        let is_by_nothing =
            matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
        // Rows of DISTINCT are ordered by what they show, which only a number can name; DISTINCT ON by its own order.
        select.distinct.is_none()
            && (!is_by_nothing || select.having.is_some() || self.has_aggregate(select))
    }

    /// Whether a column of it is computed by an aggregate function of its own, not of a query in it.
    fn has_aggregate(&self, select: &Select) -> bool {
        let mut aggregates = Aggregates {
            is_aggregate: self.is_aggregate,
            depth: 0,
        };
        select.projection.visit(&mut aggregates).is_break()
    }
}

/// Breaks at the first aggregate function outside of inner queries.
struct Aggregates<'a> {
    is_aggregate: &'a dyn Fn(&str) -> bool,
    depth: usize,
}

impl Visitor for Aggregates<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
        match expression {
            Expr::Function(function)
                if self.depth == 0
                    && function.over.is_none()
                    && (self.is_aggregate)(&function.name.to_string().to_lowercase()) =>
            {
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

/// The number of a column, from 1.
fn position(key: &Expr) -> Option<usize> {
    match key {
        Expr::Value(value) => match &value.value {
            Value::Number(number, _) => number.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// The column at that place, if it is an expression without a name.
fn unnamed(select: &Select, place: usize) -> Option<&Expr> {
    let before = select.projection.get(..place)?;
    let is_counted = |item: &SelectItem| {
        matches!(
            item,
            SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. }
        )
    };
    match before.last()? {
        SelectItem::UnnamedExpr(Expr::Identifier(_) | Expr::CompoundIdentifier(_)) => None,
        // What a `*` means is not known here.
        SelectItem::UnnamedExpr(column) => before.iter().all(is_counted).then_some(column),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use arrow::util::display::array_value_to_string;

    use crate::catalog::Relation;
    use crate::sql::{frame, register_view};

    /// Rows as text, over t: a 10 times, b 2 times, c once; n is 1 in all of them, r is x or y.
    async fn rows(statement: &str) -> Result<String, String> {
        let context = crate::sql::context();
        let view = Relation {
            name: "t",
            sql: "SELECT CASE WHEN i <= 10 THEN 'a' WHEN i <= 12 THEN 'b' ELSE 'c' END AS name, \
                CASE WHEN i = 13 THEN 'y' ELSE 'x' END AS r, 1 AS n FROM (SELECT unnest(range(1, 14)) AS i)",
            is_kept: false,
        };
        register_view(&context, &view).await.expect("a view");
        let frame = frame(&context, statement)
            .await
            .map_err(|error| error.to_string())?;
        let mut lines = Vec::new();
        for batch in frame.collect().await.map_err(|error| error.to_string())? {
            for row in 0..batch.num_rows() {
                let cells: Vec<_> = batch
                    .columns()
                    .iter()
                    .map(|column| array_value_to_string(column, row).expect("a text"))
                    .collect();
                lines.push(cells.join(","));
            }
        }
        Ok(lines.join(" "))
    }

    async fn check(statements: &[(&str, &str)]) {
        for (statement, expected) in statements {
            assert_eq!(
                rows(statement).await.as_deref(),
                Ok(*expected),
                "{statement}"
            );
        }
    }

    #[tokio::test]
    async fn a_number_is_a_column_computed_from_groups() {
        check(&[
            ("select name, count(*) from t group by name order by 2", "c,1 b,2 a,10"),
            ("select name, count(*) from t group by 1 order by 2 desc", "a,10 b,2 c,1"),
            ("select upper(name), count(*) from t group by name order by 1 desc", "C,1 B,2 A,10"),
            ("select name, -count(*) from t group by name order by 2", "a,-10 b,-2 c,-1"),
            ("select name, count(*) * 2 + min(n) from t group by name order by 2", "c,3 b,5 a,21"),
            ("select name, coalesce(sum(n), 0) from t group by name order by 2, 1", "c,1 b,2 a,10"),
            ("select name, count(*) filter (where r = 'x') + 0 from t group by name order by 2", "c,0 b,2 a,10"),
            ("select name, case when count(*) > 5 then 0 else 1 end from t group by name order by 2, 1", "a,0 b,1 c,1"),
            ("select name, n, count(*) / 2.0 from t group by name, n order by 3 desc limit 2", "a,1,5.0 b,1,1.0"),
            ("select count(*) + 1 from t order by 1", "14"),
            ("select name, coalesce(count(*), 0) as k from t group by name order by 2", "c,1 b,2 a,10"),
            ("select name, max(r) || '!' from t group by name having count(*) > 1 order by 2, name desc", "b,x! a,x!"),
            ("select name, count(*) + 1 from t group by all order by 2", "c,2 b,3 a,11"),
        ])
        .await;
    }

    /// A text is ordered as a text, also where another column has the number that it is made from.
    #[tokio::test]
    async fn the_column_itself_orders() {
        check(&[
            (
                "select name, cast(count(*) as varchar) from t group by name order by 2",
                "c,1 a,10 b,2",
            ),
            (
                "select count(*) as k, cast(count(*) as varchar) from t group by name order by 2",
                "1,1 10,10 2,2",
            ),
            (
                "select count(*), cast(count(*) as varchar) as k from t group by name order by 2",
                "1,1 10,10 2,2",
            ),
            (
                "select name, cast(count(*) as varchar) as k from t group by name order by 2 desc",
                "b,2 a,10 c,1",
            ),
        ])
        .await;
    }

    #[tokio::test]
    async fn windows_and_inner_queries_are_ordered_too() {
        check(&[
            ("select name, row_number() over (order by count(*)) from t group by name order by 2", "c,1 b,2 a,3"),
            ("select name, sum(count(*)) over (order by name desc) from t group by name order by 2 desc", "a,13 b,3 c,1"),
            ("select name, count(*) - avg(count(*)) over () > 0 from t group by name order by 2 desc, 1", "a,true b,false c,false"),
            ("select * from (select name, count(*) + 1 from t group by name order by 2 desc limit 1)", "a,11"),
            ("with k as (select name, 2 * count(*) from t group by name order by 2 limit 2) select name from k order by 1", "b c"),
            ("(select name, count(*) + 1 from t group by name order by 2 limit 1) union all select 'z', 0 order by 2", "z,0 c,2"),
            ("select name, count(*) + 1 from t group by name union all select 'z', 5 order by 2 desc", "a,11 z,5 b,3 c,2"),
            ("select r, (select count(*) from t) from t where name <> 'a' order by 1 desc, 2", "y,13 x,13 x,13"),
        ])
        .await;
    }

    #[tokio::test]
    async fn what_is_no_position_is_a_constant_or_wrong() {
        check(&[
            (
                "select name, count(*) from t group by name order by 1 + 1, 1",
                "a,10 b,2 c,1",
            ),
            (
                "select name, 7 from t group by name order by 2, 1 desc",
                "c,7 b,7 a,7",
            ),
            (
                "select name, 1 from t group by name order by 2 desc, name",
                "a,1 b,1 c,1",
            ),
        ])
        .await;
        for statement in [
            "select name, count(*) + 1 from t group by name order by 3",
            "select name, count(*) + 1 from t group by name order by 0",
            "select count(*) + 1 from t group by name order by 99999999999999999999999",
        ] {
            assert!(rows(statement).await.is_err(), "{statement}");
        }
    }

    #[tokio::test]
    async fn an_explained_statement_is_the_same() {
        let plan = rows("explain select name, count(*) + 1 from t group by name order by 2").await;
        assert!(plan.is_ok_and(|plan| plan.contains("Sort")));
    }
}
