//! A user's own reports and views: that they are taken, and that what is wrong is told with file and line.

use std::fs;

use crate::context::{Context, joined};

const HEADER: &str = "-- id: NAME\n-- title: A question\n-- description: What it answers.\n";

/// Writes query files into `own/`; NAME in a text is the name of its file.
pub(crate) fn write(context: &Context, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = context.path().join("own").join(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
        let name = path.file_stem().expect("a name").to_string_lossy();
        fs::write(&path, text.replace("NAME", &name)).expect("a file");
    }
}

pub(crate) fn query(header: &str, statement: &str) -> String {
    format!("{HEADER}{header}\n{statement}\n")
}

#[test]
fn own_queries_add_and_override() {
    let context = Context::with_samples();
    let columns = "-- column caller: who called\n-- column calls: number of records\n";
    let top = "-- param places: int = 3. How many.\n-- param like: text. Callers that look so.\n";
    let top = query(
        &format!("{top}{columns}"),
        "SELECT caller, calls FROM busy_callers WHERE $like IS NULL OR caller LIKE $like\n\
         ORDER BY calls DESC, caller LIMIT $places",
    );
    let busy = query(
        columns,
        "SELECT caller, count(*) AS calls FROM kms_events GROUP BY caller",
    );
    let other = query(
        "-- column answer: always the same\n",
        "SELECT 'overridden' AS answer ORDER BY 1",
    );
    write(
        &context,
        &[
            ("reports/busiest-callers.sql", &top),
            ("views/busy_callers.sql", &busy),
            ("reports/throttled-callers.sql", &other),
            ("README.md", "no query"),
        ],
    );
    let check = context.run(&["report", "check", "own"]);
    assert_eq!((check.code, check.stdout.as_str()), (0, ""), "{check}");
    assert_eq!(check.stderr, "3 query files, nothing wrong\n");

    let csv = ["--format", "csv", "--queries", "own"];
    let top = |more: &[&'static str]| {
        context.run(&[&["report", "busiest-callers"][..], &csv, more].concat())
    };
    insta::assert_snapshot!(
        "own_queries",
        joined(&[
            context.run(&["report", "--queries", "own"]),
            top(&[]),
            top(&["--param", "places=1", "--param", "like=%:role/%"]),
            context.run(&[&["report", "throttled-callers"][..], &csv].concat()),
            // What is wrong with a value is told as it was typed.
            top(&["--param", "places=some"]),
            top(&["--param", "places=99999999999999999999"]),
            top(&["--param", "place=1"]),
            top(&["--param", "places"]),
            top(&["--param", "places=1", "--param", "places=2"]),
        ])
    );
    // The environment names the directory as well, and SQL sees the views.
    let mut command = context.command(&["sql", "select count(*) as n from busy_callers"]);
    let output = command
        .env("KEYTRAIL_QUERIES", "own")
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    // Without it, nothing of the user's own is there.
    assert_eq!(context.run(&["report", "busiest-callers"]).code, 2);
}

#[test]
fn macros_that_cannot_be_used_are_named() {
    let faults = |files: &[(&str, &str)]| {
        let context = Context::new();
        write(&context, files);
        let check = context.run(&["report", "check", "own"]);
        assert_eq!(check.code, 1, "{check}");
        check.stdout
    };
    let of = |argument: &str, body: &str| query(&format!("-- argument {argument}: A row."), body);
    let circle = [
        ("macros/first.sql", &*of("row", "second(row)")),
        ("macros/second.sql", &*of("row", "first(row)")),
    ];
    assert_eq!(
        faults(&circle),
        "own/macros/first.sql:1: macro `first` calls itself\n"
    );
    let report = query(
        "",
        "SELECT 1 AS n\nFROM kms_events AS e\nWHERE is_own(e, 1) ORDER BY n",
    );
    let called = [
        ("macros/is_own.sql", &*of("row", "row.outcome = 'ok'")),
        ("reports/report.sql", &*report),
    ];
    assert_eq!(
        faults(&called),
        "own/reports/report.sql:5: macro `is_own` takes (row), got 2 arguments\n"
    );
}

#[test]
fn files_that_cannot_be_what_they_are_called_are_named() {
    let context = Context::new();
    let marked = format!("\u{feff}{}", query("-- column n: One.", "SELECT 1 AS n"));
    let itself = query("-- column n: One.", "SELECT * FROM itself");
    let other = query("-- column n: One.", "SELECT * FROM zero");
    let named = query("-- column n: One.", "SELECT 1 AS n ORDER BY n");
    write(
        &context,
        &[
            ("reports/check.sql", &named),
            ("views/itself.sql", &itself),
            ("views/marked.sql", &marked),
            ("views/other.sql", &other),
            (
                "views/zero.sql",
                &query("-- column n: One.", "SELECT 0 AS n"),
            ),
        ],
    );
    let check = context.run(&["report", "check", "own"]);
    assert_eq!(
        check.stdout,
        "own/reports/check.sql:1: `check` cannot name a report: `keytrail report check` is a command\n\
         own/views/itself.sql:5: `itself` reads itself\n\
         own/views/other.sql:5: `zero` is a view: declare it with `-- depends: zero`\n",
        "{check}"
    );
}

#[test]
fn check_tells_every_fault_with_its_line() {
    let context = Context::new();
    let good = query("", "SELECT 1 AS n ORDER BY n");
    let faulty: [(&str, String); 21] = [
        (
            "reports/syntax.sql",
            query("", "SELECT caller\nFROM kms_events\nORDER BYE 1"),
        ),
        (
            "reports/column.sql",
            query("", "SELECT caller,\n  kaller\nFROM kms_events ORDER BY 1"),
        ),
        (
            "reports/table.sql",
            query("", "SELECT 1 FROM kms_event ORDER BY 1"),
        ),
        (
            "reports/function.sql",
            query("", "SELECT kee_id(key_arn) FROM kms_events ORDER BY 1"),
        ),
        ("reports/headless.sql", "SELECT 1 ORDER BY 1\n".to_owned()),
        (
            "reports/untitled.sql",
            good.replace("-- title: A question\n", ""),
        ),
        ("reports/other-name.sql", good.replace("NAME", "table")),
        (
            "reports/typed.sql",
            query(
                "-- param n: int. N.",
                "SELECT 1 FROM kms_events\nWHERE is_mfa = make_array($n) ORDER BY 1",
            ),
        ),
        (
            "reports/default.sql",
            query(
                "-- param n: int = ten. N.\n-- param days: days = 0. D.",
                "SELECT $n ORDER BY 1",
            ),
        ),
        (
            "reports/undeclared.sql",
            query("", "SELECT 1\nWHERE $limit > 1\nORDER BY 1"),
        ),
        (
            "reports/unused.sql",
            query("-- param n: int. N.", "SELECT 1 ORDER BY 1"),
        ),
        (
            "reports/series.sql",
            query("-- series: uses", "SELECT 1 AS use ORDER BY 1"),
        ),
        (
            "reports/caveat.sql",
            query(
                "-- caveat: SELECT nope FROM kms_events",
                "SELECT 1 ORDER BY 1",
            ),
        ),
        (
            "reports/old-caveat.sql",
            query(
                "-- caveat: SELECT 'a text of '\n--   || count(*) AS text FROM kms_events",
                "SELECT 1 ORDER BY 1",
            ),
        ),
        (
            "reports/typed-caveat.sql",
            query(
                "-- caveat: SELECT 'own-q' AS code, 'many' AS count, 'a text' AS text",
                "SELECT 1 ORDER BY 1",
            ),
        ),
        (
            "reports/code.sql",
            query(
                "-- caveat: SELECT 'coverages' AS code, NULL AS count, 'a text' AS text",
                "SELECT 1 ORDER BY 1",
            ),
        ),
        (
            "reports/footnote.sql",
            query("-- footnote: a text", "SELECT 1 ORDER BY 1"),
        ),
        (
            "reports/summary.sql",
            query(
                "-- summary: SELECT nope FROM a",
                "WITH a AS (SELECT 1 AS n)\nSELECT n FROM a ORDER BY 1",
            ),
        ),
        (
            "reports/writes.sql",
            query("", "CREATE TABLE t AS SELECT 1"),
        ),
        ("views/kms_events.sql", good.clone()),
        ("views/Mine.sql", good.clone()),
    ];
    let more = [
        (
            "views/lost.sql",
            query("-- depends: nowhere", "SELECT 1 AS n"),
        ),
        ("rollups/usage_daily.sql", good.clone()),
        ("reports/deep/er.sql", good.clone()),
        ("top.sql", good.clone()),
    ];
    for (path, text) in &faulty {
        write(&context, &[(path, text)]);
    }
    let first = context.run(&["report", "check", "own"]);
    for (path, text) in &more {
        write(&context, &[(path, text)]);
    }
    let second = context.run(&["report", "check", "own"]);
    assert_eq!((first.code, second.code), (1, 1));
    insta::assert_snapshot!("check", first.to_string());
    for (path, _) in more {
        assert!(
            second.stdout.contains(&format!("own/{path}:")),
            "{path} in {second}"
        );
    }
}

#[test]
fn a_file_that_cannot_be_used_stops_what_uses_it_and_nothing_else() {
    let refused = Context::with_samples();
    write(
        &refused,
        &[
            ("reports/a.sql", "SELECT 1"),
            ("views/calls.sql", "SELECT 1"),
            ("macros/is_own.sql", &query("", "x +")),
            (
                "reports/calling.sql",
                &query("-- column n: 1", "SELECT is_own() AS n ORDER BY n"),
            ),
            (
                "reports/sound.sql",
                &query("-- column n: 1", "SELECT 1 AS n ORDER BY n"),
            ),
        ],
    );
    let own = |words: &[&'static str]| refused.run(&[words, &["--queries", "own"]].concat());
    let transcripts = [
        own(&["sql", "select 1 as n", "--format", "csv"]),
        own(&["report", "sound", "--format", "csv"]),
        own(&["report", "a"]),
        own(&["report", "calling"]),
        own(&["sql", "select * from calls"]),
    ];
    let codes = transcripts.each_ref().map(|transcript| transcript.code);
    assert_eq!(codes, [0, 0, 2, 2, 2], "{}", joined(&transcripts));
    insta::assert_snapshot!("own_unusable", joined(&transcripts));
    let check = own(&["report", "check", "own"]);
    for path in ["reports/a.sql", "views/calls.sql", "macros/is_own.sql"] {
        assert!(check.stdout.contains(&format!("own/{path}:")), "{check}");
    }
    // An override that cannot be used does not fall back to what it overrides.
    write(&refused, &[("views/keys.sql", "SELECT 1")]);
    let keys = own(&["sql", "select count(*) from keys"]);
    assert_eq!((keys.code, keys.stdout.as_str()), (2, ""), "{keys}");
    assert!(
        keys.stderr
            .contains("own/views/keys.sql:1: the header has no `id`"),
        "{keys}"
    );
}

#[test]
fn a_directory_that_is_none_is_refused() {
    let refused = Context::new();
    write(&refused, &[("reports/a.sql", "SELECT 1")]);
    let transcripts = [
        refused.run(&["report", "who-used", "--queries", "nowhere"]),
        refused.run(&["report", "check", "nowhere"]),
        refused.run(&["report", "check", "own/reports/a.sql"]),
        refused.run(&["report", "check"]),
    ];
    assert!(transcripts.iter().all(|transcript| transcript.code == 2));
    insta::assert_snapshot!("own_refused", joined(&transcripts));
}

#[test]
fn own_notes_have_codes_of_their_own() {
    let context = Context::with_samples();
    let own = |header: &str| {
        query(
            &format!("-- column n: One.\n{header}"),
            "SELECT 1 AS n ORDER BY n",
        )
    };
    let good = own("-- footnote own-always: the same each time\n\
        -- caveat: SELECT 'own-' || 'late' AS code, count(*) AS count, count(*) || ' tables' AS text\n\
        --   FROM (VALUES (1), (2)) AS t (n)\n\
        -- caveat: SELECT 'unread' AS code, NULL AS count, NULL AS text");
    let computed = own("-- caveat: SELECT 'la' || 'te' AS code, 1 AS count, '1 table' AS text");
    let old = own("-- caveat: SELECT 'a text' AS text");
    write(
        &context,
        &[
            ("reports/good.sql", &good),
            ("reports/computed.sql", &computed),
            ("reports/old.sql", &old),
        ],
    );
    let report = |name: &str| context.run(&["report", name, "--queries", "own", "--format", "csv"]);
    let good = report("good");
    assert_eq!(good.code, 0, "{good}");
    let notes: Vec<&str> = good
        .stderr
        .lines()
        .filter(|line| line.starts_with("note[own-"))
        .collect();
    assert_eq!(
        notes,
        [
            "note[own-always]: the same each time",
            "note[own-late]: 2 tables"
        ],
        "{good}"
    );
    assert!(!good.stderr.contains("note[unread]"), "{good}");
    // What only its rows show comes after the rows, what its columns show before.
    let computed = report("computed");
    let fault = "error: own/reports/computed.sql: `late` is not the code of a note: use one from docs/notes.md";
    assert!(computed.stderr.contains(fault), "{computed}");
    assert_eq!(
        (computed.code, computed.stdout.as_str()),
        (2, "n\n1\n"),
        "{computed}"
    );
    let old = report("old");
    let fault = "error: own/reports/old.sql: a caveat returns the columns code, count, text, not text: write `SELECT";
    assert!(old.stderr.contains(fault), "{old}");
    assert_eq!((old.code, old.stdout.as_str()), (2, ""), "{old}");
}

#[test]
fn check_goes_on_behind_what_is_no_text_and_tells_a_circle_of_its_own_files() {
    let context = Context::new();
    let reading = |name: &str| {
        let header = format!("-- depends: {name}");
        query(&header, &format!("SELECT * FROM {name}"))
    };
    let report = |relation: &str| {
        query(
            "-- column n: number of rows\n",
            &format!("SELECT count(*) AS n FROM {relation} ORDER BY n"),
        )
    };
    write(
        &context,
        &[
            ("views/one.sql", &reading("two")),
            ("views/two.sql", &reading("one")),
            // What reads them is not at fault, nor is ours.
            ("reports/of-one.sql", &report("one")),
            ("reports/of-ours.sql", &report("scope_uses")),
            ("reports/wrong.sql", &report("nowhere")),
        ],
    );
    let bytes = b"-- id: bytes\n-- title: \xff\n-- description: d\n\nSELECT 1 ORDER BY 1\n";
    fs::write(context.path().join("own/reports/bytes.sql"), bytes).expect("a file");
    let check = context.run(&["report", "check", "own"]);
    assert_eq!(check.code, 1, "{check}");
    let expected = [
        "own/reports/bytes.sql:2: it is not UTF-8",
        "own/views/one.sql: `one` depends on `two`, which is in turn depending on it",
        "own/reports/wrong.sql:6: table 'nowhere' not found",
    ];
    assert_eq!(check.stdout.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn an_override_that_breaks_ours_is_told() {
    let context = Context::new();
    let narrow = query(
        "-- internal: narrower",
        "SELECT key AS key_arn FROM usage_daily",
    );
    write(&context, &[("views/known_keys.sql", &narrow)]);
    let check = context.run(&["report", "check", "own"]);
    assert_eq!(check.code, 1, "{check}");
    assert!(
        check.stdout.starts_with("own/views/known_keys.sql:5: `"),
        "{check}"
    );
}

#[test]
fn a_view_that_lacks_what_ours_read_is_named_once() {
    let context = Context::new();
    // The view of ours has more columns, and several queries read them.
    let narrow = query(
        "-- column key_arn: the key",
        "SELECT key AS key_arn FROM usage_daily",
    );
    write(&context, &[("views/keys.sql", &narrow)]);
    let check = context.run(&["report", "check", "own"]);
    assert_eq!(check.code, 1, "{check}");
    let [fault] = check.stdout.lines().collect::<Vec<_>>()[..] else {
        panic!("{check}");
    };
    assert!(
        fault.starts_with("own/views/keys.sql:5: `")
            && fault.contains(" more cannot read it: queries/"),
        "{check}"
    );
}

#[test]
fn a_view_is_a_query_and_its_columns_are_documented_in_their_order() {
    let context = Context::new();
    let columns = "-- column b: two\n-- column a: one\n";
    write(
        &context,
        &[
            ("views/drops.sql", &query("", "DROP TABLE kms_events")),
            ("views/turned.sql", &query(columns, "SELECT 1 AS a, 2 AS b")),
            (
                "reports/turned.sql",
                &query(columns, "SELECT 1 AS a, 2 AS b ORDER BY a"),
            ),
        ],
    );
    let check = context.run(&["report", "check", "own"]);
    let expected = [
        "own/views/drops.sql:5: it is no query: a view is one SELECT statement",
        "own/views/turned.sql:5: `a` is before `b` in the rows: put it there",
        "own/reports/turned.sql:5: `a` is before `b` in the rows: put it there",
    ];
    assert_eq!(
        check.stdout.lines().collect::<Vec<_>>(),
        expected,
        "{check}"
    );
}

#[test]
fn columns_without_documentation_are_used_and_reported() {
    let context = Context::with_samples();
    let header = "-- column caller: who called\n-- column old: no longer there\n";
    let statement = "SELECT caller, count(*) AS calls, max(event_time) AS last_time FROM kms_events GROUP BY caller";
    write(
        &context,
        &[
            ("views/busy.sql", &query(header, statement)),
            (
                "views/step.sql",
                &query("-- internal: a step of busy\n", statement),
            ),
            (
                "reports/busiest.sql",
                &query("", "SELECT caller FROM busy ORDER BY 1"),
            ),
        ],
    );
    let check = context.run(&["report", "check", "own"]);
    assert_eq!(check.code, 1, "{check}");
    let expected = [
        "own/views/busy.sql:5: `old` is not a column of the rows",
        "own/views/busy.sql:1: `busy` has no column docs for `calls`, `last_time`: add `-- column calls: what it means`",
        "own/reports/busiest.sql:1: `busiest` has no column docs for `caller`: add `-- column caller: what it means`",
    ];
    assert_eq!(check.stdout.lines().collect::<Vec<_>>(), expected);
    let rows = context.run(&[
        "sql",
        "--queries",
        "own",
        "select count(*) > 0 as n from busy",
    ]);
    assert_eq!(rows.code, 0, "{rows}");
    let help = context.run(&["report", "busiest", "--help", "--queries", "own"]);
    assert_eq!((help.code, help.stderr.as_str()), (0, ""), "{help}");
    assert!(
        help.stdout.starts_with("A question\n\nWhat it answers.\n"),
        "{help}"
    );
}

#[test]
fn internal_views_are_offered_nowhere_and_can_be_read() {
    let context = Context::with_samples();
    let exported = context.run(&["export", "typed_name", "--to", "a.csv"]);
    assert_eq!(exported.code, 2, "{exported}");
    assert!(!exported.stderr.contains("typed_names"), "{exported}");
    let exported = context.run(&["export", "typed_names", "--to", "a.csv"]);
    assert_eq!(exported.code, 0, "{exported}");
}

#[test]
fn the_help_of_a_report_names_its_parameters_and_columns() {
    let context = Context::new();
    let help = context.run(&["report", "coverage-holes", "--help"]);
    assert_eq!((help.code, help.stderr.as_str()), (0, ""), "{help}");
    for text in [
        "Gaps in log coverage\n",
        "\nUsage: keytrail report coverage-holes [OPTIONS]\n",
        "\n  --param require=<TEXT>  ",
        "\n  to_hour    end of the period, exclusive\n",
    ] {
        assert!(help.stdout.contains(text), "{text} in {help}");
    }
    // The configuration says where queries are, as for every command.
    let own = query("-- column n: always one", "SELECT 1 AS n ORDER BY n");
    write(&context, &[("reports/mine.sql", &own)]);
    fs::write(context.path().join("keytrail.toml"), "queries = \"own\"\n").expect("a file");
    let help = context.run(&["report", "mine", "--help"]);
    assert_eq!((help.code, help.stderr.as_str()), (0, ""), "{help}");
    assert!(help.stdout.contains("always one"), "{help}");
    let unknown = context.run(&["report", "coverage-hole", "--help"]);
    assert_eq!(unknown.code, 2, "{unknown}");
    assert!(unknown.stderr.contains("coverage-holes"), "{unknown}");
    for line in [
        &["report", "--help"][..],
        &["report", "-h"],
        &["report", "check", "--help"],
    ] {
        let help = context.run(line);
        assert_eq!(help.code, 0, "{help}");
        assert!(help.stdout.contains("Usage: keytrail report"), "{help}");
    }
}
