//! The store in other engines: `deltalake` with its own query engine, and Polars, read the same rows.

use std::process::Command;

use serde_json::Value;

use crate::answers::text;
use crate::context::{Context, REPOSITORY};
use crate::python::python;

/// The newest that work together.
pub(crate) const PINS: [&str; 3] = ["deltalake==1.6.6", "duckdb==2.0.0", "polars==2.1.0"];

#[test]
fn other_engines_read_the_same_rows() {
    let context = Context::with_samples();
    // More commits, and rows of another month's partition.
    let again = context.run(&["ingest", "sample-logs/AWSLogs", "sample-logs/README.md"]);
    assert_eq!(again.code, 2, "a page of text is no log: {again}");

    let told = told(&context);
    for table in keytrail::schema::TABLES {
        let found = &told[table.name];
        assert_eq!(
            found["protocol"],
            serde_json::json!([1, 2]),
            "{}",
            table.name
        );
        let columns: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        assert_eq!(
            found["columns"],
            serde_json::json!(columns),
            "{}",
            table.name
        );
        let rows = context.rows(&format!("select count(*) as n from {}", table.name));
        for engine in ["deltalake", "polars_read", "polars_scan"] {
            assert_eq!(found[engine], rows[0]["n"], "{} in {engine}", table.name);
        }
    }
    let outcomes =
        context.rows("select outcome, count(*) as n from kms_events group by 1 order by 1");
    let times = context.rows(
        "select to_char(min(event_time), '%Y-%m-%dT%H:%M:%SZ') as first, to_char(max(event_time), '%Y-%m-%dT%H:%M:%SZ') as last from kms_events",
    );
    let usage = context.rows("select cast(sum(count) as bigint) as n from usage_daily");
    let keys = context.rows(
        "select key_arn, event_month, count(*) as n from kms_events where key_arn is not null group by 1, 2 order by 1, 2",
    );
    for engine in ["deltalake", "polars"] {
        let found = &told["aggregates"][engine];
        assert_eq!(found["outcomes"], Value::from(outcomes.clone()), "{engine}");
        assert_eq!(found["times"], times[0], "{engine}");
        assert_eq!(found["usage"], usage[0]["n"], "{engine}");
        assert_eq!(found["keys"], Value::from(keys.clone()), "{engine}");
    }
}

/// What both engines find in the store.
fn told(context: &Context) -> Value {
    let script = format!("{REPOSITORY}/tests/it/engines.py");
    let output = Command::new(python("engines", &PINS))
        .arg(script)
        .arg(context.store())
        .output()
        .expect("Python starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn other_engines_read_what_compaction_and_retention_leave() {
    let context = Context::new();
    for account in ["111122223333", "444455556666", "777788889999"] {
        let logs = format!("sample-logs/AWSLogs/o-examplorg1/{account}");
        assert_ne!(context.run(&["ingest", &logs]).stdout, "");
    }
    let before = told(&context);
    let compact = context.run(&["compact"]);
    assert!(
        compact.stdout.contains("3 files merged into 1"),
        "{compact}"
    );
    // Rows of a roll-up that are about one day are added up.
    let without_sums = |mut told: Value| {
        told["event_days"] = Value::Null;
        told
    };
    assert_eq!(without_sums(told(&context)), without_sums(before.clone()));
    assert_ne!(before["aggregates"]["polars"]["usage"], 0);

    // A property, and rows that are gone from the middle of a file: no feature that others lack.
    let key = "8b402961-4718-43ca-8f94-e4fd57328e34";
    let retain = context.run(&["retain", "--events", "1d", "--hold", key]);
    assert_eq!(retain.code, 0, "{retain}");
    let after = told(&context);
    for table in ["kms_events", "trail_events", "key_uses"] {
        let rows = context.rows(&format!("select count(*) as n from {table}"));
        let found = &after[table];
        assert_eq!(found["protocol"], serde_json::json!([1, 2]), "{table}");
        for engine in ["deltalake", "polars_read", "polars_scan"] {
            assert_eq!(found[engine], rows[0]["n"], "{table} in {engine}");
        }
    }
    assert_ne!(
        after["kms_events"]["polars_scan"],
        before["kms_events"]["polars_scan"]
    );
}

/// The lines of `docs/other-engines.md` read the live files, where a glob reads what a merge has replaced, too.
#[test]
fn the_lines_of_the_documentation_read_each_row_once() {
    let context = Context::new();
    for account in ["111122223333", "444455556666", "777788889999"] {
        context.run(&[
            "ingest",
            &format!("sample-logs/AWSLogs/o-examplorg1/{account}"),
        ]);
    }
    let compact = context.run(&["compact"]);
    assert!(compact.stdout.contains("merged into"), "{compact}");
    let outcomes =
        context.rows("select outcome, count(*) as n from kms_events group by 1 order by 1");
    let pairs: Vec<Value> = outcomes
        .iter()
        .map(|row| serde_json::json!([row["outcome"], row["n"]]))
        .collect();
    let blocks = documented();
    // `ten_questions` has the others.
    assert_eq!(blocks.len(), 8);
    let (counted, who_used) = (&blocks[..4], blocks[4]);
    let key = "select key_arn from key_uses where kind = 'use' group by key_arn order by count(*) desc, key_arn limit 1";
    let uses = context.rows(&format!(
        "select caller, event_name, count(*) as n from key_uses where key_arn = ({key}) and kind = 'use' \
         and outcome = 'success' and not is_dry_run group by 1, 2 order by 3 desc, 1, 2"
    ));
    let uses: Vec<String> = uses
        .iter()
        .map(|row| {
            format!(
                "('{}', '{}', {})",
                text(row, "caller"),
                text(row, "event_name"),
                row["n"]
            )
        })
        .collect();
    let told = lines_of(&context, who_used);
    assert_eq!(told.trim(), format!("[{}]", uses.join(", ")));
    for block in counted {
        let answer = lines_of(&context, block);
        // Python writes lists of pairs, or of dictionaries.
        let answer = answer
            .replace('\'', "\"")
            .replace('(', "[")
            .replace(')', "]");
        let rows: Vec<Value> = serde_json::from_str(&answer).expect(&answer);
        let told: Vec<Value> = rows
            .into_iter()
            .map(|row| match row {
                Value::Object(row) => serde_json::json!([row["outcome"], row["len"]]),
                pair => pair,
            })
            .collect();
        assert_eq!(told, pairs, "{block}");
    }
    // What the page warns of.
    let glob = lines_of(
        &context,
        "import duckdb\n\
         print(duckdb.sql(\"SELECT count(*) FROM read_parquet('keytrail-store/kms_events/**/*.parquet')\").fetchall()[0][0])",
    );
    let live = context.rows("select count(*) as n from kms_events")[0]["n"].as_u64();
    let glob: u64 = glob.trim().parse().expect("a number");
    assert!(Some(glob) > live, "{glob} {live:?}");
}

/// The Python blocks of `docs/other-engines.md`.
pub(crate) fn documented() -> Vec<&'static str> {
    include_str!("../../docs/other-engines.md")
        .split("```python\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .collect()
}

/// What Python prints in the folder of the store, with keytrail on its path.
pub(crate) fn lines_of(context: &Context, code: &str) -> String {
    let folder = context.command(&[]).get_program().to_owned();
    let folder = std::path::Path::new(&folder)
        .parent()
        .expect("a folder")
        .to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&path)));
    let output = Command::new(python("engines", &PINS))
        .args(["-c", code])
        .current_dir(context.path())
        .env("PATH", path.expect("folders"))
        .output()
        .expect("Python starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{code}\n{stderr}");
    String::from_utf8(output.stdout).expect("text")
}
