//! The shell on a terminal: `terminal.py` types and waits for what is shown, transcripts are of 80 columns.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::context::{Context, REPOSITORY};
use crate::screen::screen;

const PROMPT: &str = "keytrail> ";
const CTRL_C: &str = "\u{3}";
const CTRL_D: &str = "\u{4}";

/// A shell to be, and what is to be typed.
struct Terminal<'a> {
    context: &'a Context,
    words: Vec<&'a str>,
    size: (u16, u16),
    environment: Vec<(&'a str, String)>,
    steps: Vec<Value>,
}

impl<'a> Terminal<'a> {
    /// A shell without a pager, on a terminal of 80 columns.
    fn new(context: &'a Context) -> Self {
        let history = context
            .path()
            .join("history")
            .to_string_lossy()
            .into_owned();
        Self {
            context,
            words: vec!["sql"],
            size: (80, 24),
            environment: vec![
                ("TERM", "xterm".to_owned()),
                ("PAGER", String::new()),
                ("KEYTRAIL_HISTORY", history),
            ],
            steps: vec![json!(["wait", PROMPT])],
        }
    }

    fn words(mut self, words: &[&'a str]) -> Self {
        self.words.extend(words);
        self
    }

    fn columns(mut self, columns: u16) -> Self {
        self.size.0 = columns;
        self
    }

    fn set(mut self, name: &'a str, value: &str) -> Self {
        self.environment.retain(|(known, _)| *known != name);
        self.environment.push((name, value.to_owned()));
        self
    }

    /// Types a line, and waits for the prompt after it.
    fn line(self, text: &str) -> Self {
        self.keys(&format!("{text}\r")).shows("\n").shows(PROMPT)
    }

    fn keys(mut self, text: &str) -> Self {
        self.steps.push(json!(["type", text]));
        self
    }

    fn shows(mut self, text: &str) -> Self {
        self.steps.push(json!(["wait", text]));
        self
    }

    /// Waits until the editor has handed over what was typed, or the text that it leads to is shown.
    fn runs(mut self, leads_to: &str) -> Self {
        self.steps.push(json!(["quiet", leads_to]));
        self
    }

    /// Runs another command in the meantime, on no terminal.
    fn beside(mut self, words: &[&str]) -> Self {
        let mut command = vec![env!("CARGO_BIN_EXE_keytrail")];
        command.extend(words);
        self.steps.push(json!(["beside", command]));
        self
    }

    /// Leaves by Ctrl-D, and answers what was shown, without escape sequences, and the exit code.
    fn end(mut self) -> (String, i32) {
        self.steps.push(json!(["type", CTRL_D]));
        self.ended()
    }

    fn ended(mut self) -> (String, i32) {
        self.steps.push(json!(["end"]));
        let mut command = vec![env!("CARGO_BIN_EXE_keytrail")];
        command.extend(self.words);
        let path = self.context.path().to_string_lossy().into_owned();
        let mut environment = serde_json::Map::new();
        for (name, value) in self.environment {
            environment.insert(name.to_owned(), json!(value));
        }
        for (name, value) in [("TMPDIR", path.as_str()), ("PATH", "/usr/bin:/bin")] {
            environment.entry(name).or_insert_with(|| json!(value));
        }
        let script = json!({
            "columns": self.size.0, "lines": self.size.1, "command": command,
            "environment": environment, "directory": path, "steps": self.steps,
        });
        let mut python = Command::new("python3")
            .arg(format!("{REPOSITORY}/tests/it/terminal.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("Python 3");
        let mut stdin = python.stdin.take().expect("it is piped");
        stdin
            .write_all(script.to_string().as_bytes())
            .expect("it reads");
        drop(stdin);
        let output = python.wait_with_output().expect("it ends");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}");
        let shown = String::from_utf8_lossy(&output.stdout).replace(&path, "[DIR]");
        let (shown, code) = shown.trim_end().rsplit_once('\n').expect("the exit code");
        (
            screen(shown, self.size.0.into()),
            code.parse().expect("a number"),
        )
    }
}

const TOP: &str = "select caller, count(*) as calls from kms_events group by caller \
    order by calls desc, caller limit 2;";

#[test]
fn statements_commands_and_errors() {
    let context = Context::with_samples();
    let (shown, code) = Terminal::new(&context)
        .keys("select outcome, count(*) as events\r")
        .keys("from kms_events group by outcome -- of all; really\r")
        .keys("order by outcome;\r")
        .shows("rows)")
        .shows(PROMPT)
        .line("select nope from kms_events;")
        .line("delete from kms_events;")
        .line("select 1 as a; select 2 as b;")
        .line("\\nope")
        .line("\\report who-used --key alias/nope")
        .line("\\format csv")
        .line("select 'a,b' as text;")
        .line("\\format nope")
        .end();
    assert_eq!(code, 0, "{shown}");
    insta::assert_snapshot!("shell_statements", shown);
}

#[test]
fn descriptions_reports_and_help() {
    let context = Context::with_samples();
    let (shown, code) = Terminal::new(&context)
        .line("\\?")
        .line("\\d")
        .line("\\d listings")
        .line("\\d KEY_NAMES")
        // It is not listed, and can be looked up by its name.
        .line("\\d disputed_ids")
        .line("\\d kms_event")
        .line("\\reports")
        .line("\\report throttled-callers --until 2026-03-05 --tz Europe/Berlin")
        .keys("\\q\r")
        .ended();
    assert_eq!(code, 0, "{shown}");
    insta::assert_snapshot!("shell_descriptions", shown);
}

#[test]
fn descriptions_come_through_a_pipe_and_other_commands_do_not() {
    let context = Context::with_samples();
    let piped = context.run_with(&["sql", "--format", "csv"], "\\d\n");
    assert_eq!((piped.code, piped.stderr.as_str()), (0, ""), "{piped}");
    let mut lines = piped.stdout.lines();
    assert_eq!(lines.next(), Some("name,kind,what a row is"), "{piped}");
    assert!(lines.any(|line| line.starts_with("keys,view,")), "{piped}");
    let columns = context.run_with(&["sql", "--format", "csv"], "\\d key_names;\n");
    assert_eq!(columns.code, 0, "{columns}");
    assert!(
        columns.stdout.starts_with("column,type,meaning\n"),
        "{columns}"
    );
    let typed = context.run(&["sql", "\\d key_names", "--format", "csv"]);
    assert_eq!(typed.stdout, columns.stdout);
    let refused = context.run_with(&["sql"], "\\timing\n");
    assert_eq!(
        (refused.code, refused.stdout.as_str()),
        (2, ""),
        "{refused}"
    );
    assert!(
        refused
            .stderr
            .starts_with("error: `\\timing` works only in the shell\n"),
        "{refused}"
    );
}

#[test]
fn long_strips_of_days_are_folded_into_months() {
    let context = Context::with_samples();
    let (shown, code) = Terminal::new(&context)
        .line("\\report coverage --account 444455556666 --region eu-west-1 --since 2025-11-20")
        .end();
    assert_eq!(code, 0, "{shown}");
    // By the sample logs' README, logging stopped on 2026-03-06.
    let words: Vec<_> = shown.split_whitespace().collect();
    let words = words.join(" ");
    for line in [
        "days: 2025-11 to 2026-02: all - 2026-03 ----KS----",
        "first_day: 2025-11-20",
    ] {
        assert!(words.contains(line), "{line} in {shown}");
    }
}

#[test]
fn tab_completes_names() {
    let context = Context::with_samples();
    let (shown, code) = Terminal::new(&context)
        .keys("select count(*) as n from kms_ev\t")
        .shows("kms_events")
        .keys(" where recipient_acc\t")
        .shows("recipient_account_id")
        .keys(" is null;\r")
        .shows("(1 row)")
        .shows(PROMPT)
        .keys("\\report thr\t")
        .shows("throttled-callers")
        .keys(" --until 2020-01-01\r")
        .shows("(0 rows)")
        .shows("note[lower-bound]: ")
        .shows(PROMPT)
        .end();
    assert_eq!(code, 0, "{shown}");
    assert!(
        shown.contains("warning: the window ends before the logs begin, at "),
        "{shown}"
    );
}

#[test]
fn ctrl_c_ends_what_is_typed_and_what_runs() {
    let context = Context::with_samples();
    let endless = "select value from generate_series(1, 1000000000000);\r";
    let silent = "select count(*) from generate_series(1, 1000000000000);\r";
    let (shown, code) = Terminal::new(&context)
        .keys("select something\r")
        .keys("wrong")
        .shows("wrong")
        .keys(CTRL_C)
        .shows(PROMPT)
        .keys(endless)
        // It is under way, and nothing else stops it.
        .shows("\n1")
        .keys(CTRL_C)
        .shows("stopped")
        .shows(PROMPT)
        .keys(silent)
        .runs("stopped")
        .keys(CTRL_C)
        .shows("stopped")
        .shows(PROMPT)
        .line("select 'still here' as text;")
        .end();
    assert_eq!(code, 0);
    assert!(shown.contains("still here"), "{shown}");
    assert!(!shown.contains("error"), "{shown}");
}

#[test]
fn lines_that_come_at_once_are_all_taken_in_order() {
    let context = Context::with_samples();
    // What is waited for never stands in the echo of what was typed.
    let lines =
        "select 'fir' || 'st' as a;\rselect nope;\r\\timing\rselect 'sec' ||\r'ond' as a;\r";
    let pasted = lines.replace('\r', "\n");
    let slow =
        "select 'slo' || 'w' as a from (select count(*) from generate_series(1, 20000000));\r";
    let terminal = all_shown(Terminal::new(&context).keys(lines));
    // Typed while a statement runs.
    let terminal = terminal.keys(slow).runs("slow").keys(lines).shows("slow");
    let terminal = all_shown(terminal);
    // Pasted as one input, as terminals that mark pastes do.
    let terminal = terminal.keys(&format!("\u{1b}[200~{pasted}\u{1b}[201~\r"));
    let (shown, code) = all_shown(terminal).keys("\\q\rselect 1;\r").ended();
    assert_eq!(code, 0, "{shown}");
}

/// Waits for what the four lines of the test above lead to.
fn all_shown(terminal: Terminal<'_>) -> Terminal<'_> {
    let shown = ["first", "No field named", "timing: o", "second", PROMPT];
    shown.into_iter().fold(terminal, Terminal::shows)
}

#[test]
fn ctrl_c_forgets_what_waits_behind_a_statement() {
    let context = Context::with_samples();
    let silent = "select count(*) from generate_series(1, 1000000000000);\r";
    let (shown, code) = Terminal::new(&context)
        .keys(&format!("{silent}select 'nev' || 'er' as a;\r"))
        .runs("stopped")
        .keys(CTRL_C)
        .shows("stopped")
        .shows(PROMPT)
        .keys("select 'aft' || 'er' as a;\r")
        .shows("after")
        .shows(PROMPT)
        .end();
    assert_eq!(code, 0);
    assert!(!shown.contains("never"), "{shown}");
}

#[test]
fn history_is_kept_and_where_it_cannot_be_that_is_said_once() {
    let context = Context::with_samples();
    let history = context.path().join("state/keytrail/history");
    let state = context.path().join("state").to_string_lossy().into_owned();
    let mut first = Terminal::new(&context).set("XDG_STATE_HOME", &state);
    first
        .environment
        .retain(|(name, _)| *name != "KEYTRAIL_HISTORY");
    let (shown, _) = first
        .keys("select 'several\rlines' as text;\r")
        .shows("(1 row)")
        .shows(PROMPT)
        .end();
    assert!(!shown.contains("note[shell-history]"), "{shown}");
    let kept = std::fs::read_to_string(&history).expect("it was kept");
    assert!(kept.contains("select 'several\\nlines' as text;"), "{kept}");
    // Another shell has it on the up key.
    let moved = history.to_string_lossy().into_owned();
    let (shown, _) = Terminal::new(&context)
        .set("KEYTRAIL_HISTORY", &moved)
        .keys("\u{1b}[A")
        .shows("lines' as text;")
        .keys("\r")
        .shows("(1 row)")
        .shows(PROMPT)
        .end();
    assert!(shown.contains("several\\nlines"), "{shown}");
    // A folder is in the place of the file.
    let folder = context.path().to_string_lossy().into_owned();
    let (shown, code) = Terminal::new(&context)
        .set("KEYTRAIL_HISTORY", &folder)
        .line("select 1;")
        .line("select 2;")
        .end();
    assert_eq!(code, 0);
    assert_eq!(
        shown
            .matches("note[shell-history]: history is not saved")
            .count(),
        1,
        "{shown}"
    );
}

#[test]
fn rows_go_to_files_and_timing_is_told() {
    let context = Context::with_samples();
    let read = |name: &str| std::fs::read_to_string(context.path().join(name)).expect("written");
    let (shown, code) = Terminal::new(&context)
        .line("\\o rows.csv")
        .line("select 1 as a;")
        .line("select 2 as b;")
        .line("\\o rows.json")
        .line("select 3 as c;")
        .line("select 4 as d;")
        .line("\\o nowhere/rows.csv")
        .line("\\o keytrail-store/rows.csv")
        .line("\\format parquet")
        .line("\\timing")
        .keys("select 5 as e;\r")
        .shows("time: ")
        .shows(PROMPT)
        .end();
    assert_eq!(code, 0, "{shown}");
    assert!(!context.path().join("keytrail-store/rows.csv").exists());
    assert_eq!(read("rows.csv"), "a\n1\nb\n2\n");
    assert_eq!(read("rows.json"), "[\n{\"c\":3}\n]\n");
    for part in [
        "1 rows to `rows.csv`",
        "rows go to the terminal again",
        "cannot create",
        "is in the store `./keytrail-store`",
        "parquet is binary",
        "timing: on",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
}

#[test]
fn the_ending_of_a_file_of_the_shell_decides_unless_a_format_was_chosen() {
    let context = Context::with_samples();
    let read = |name: &str| std::fs::read_to_string(context.path().join(name)).expect("written");
    let (shown, code) = Terminal::new(&context)
        .line("\\o rows.xlsx")
        .line("\\o rows.ndjson")
        .line("select 1 as a;")
        .line("\\o")
        .line("\\format csv")
        .line("\\o rows.xlsx")
        .line("select 2 as b;")
        .end();
    assert_eq!(code, 0, "{shown}");
    assert!(
        shown.contains("the ending of `rows.xlsx` does not say how to write it"),
        "{shown}"
    );
    assert_eq!(read("rows.ndjson"), "{\"a\":1}\n");
    assert_eq!(read("rows.xlsx"), "b\n2\n");
}

#[test]
fn what_does_not_fit_is_paged() {
    let context = Context::with_samples();
    // It numbers what it is given, and needs no key.
    let paged = |pager: &str, statement: &str| {
        let terminal = Terminal::new(&context).set("PAGER", pager);
        let (shown, code) = terminal.line(statement).end();
        assert_eq!(code, 0, "{shown}");
        shown
    };
    let short = paged("cat -n", "select 1 as a;");
    assert!(!short.contains("     1\t"), "{short}");
    let long = paged(
        "sed s/^/paged/",
        "select value from generate_series(1, 24);",
    );
    assert!(
        long.contains("paged") && long.contains("(24 rows)"),
        "{long}"
    );
    let short = paged(
        "sed s/^/paged/",
        "select value from generate_series(1, 20);",
    );
    assert!(!short.contains("paged"), "{short}");
    let missing = paged(
        "no-such-pager -x",
        "select value from generate_series(1, 24);",
    );
    assert!(
        missing.contains("cannot run the pager `no-such-pager -x`"),
        "{missing}"
    );
    assert!(missing.contains("(24 rows)"), "{missing}");
    // Left early, it ends the statement.
    let left = paged(
        "head -n 3",
        "select value from generate_series(1, 1000000000000);",
    );
    assert!(!left.contains("error"), "{left}");
    // Rows that are wider than the terminal, whole, to be scrolled through sideways.
    let (shown, code) = Terminal::new(&context)
        .set("PAGER", "less -S")
        .keys("select * from kms_events limit 1;\r")
        .shows("(END)")
        .keys("q")
        .shows(PROMPT)
        .end();
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("event_time"), "{shown}");
}

#[test]
fn every_statement_sees_the_newest_data() {
    let context = Context::new();
    let logs = |account: &str| format!("sample-logs/AWSLogs/o-examplorg1/{account}");
    context.run(&["ingest", &logs("777788889999")]);
    let number = || context.rows("select count(*) as n from kms_events")[0]["n"].to_string();
    let before = number();
    let count = "select 'n=' || count(*) || '.' as n from kms_events;";
    let (shown, code) = Terminal::new(&context)
        .line(count)
        .beside(&["ingest", &logs("444455556666")])
        .line(count)
        .end();
    assert_eq!(code, 0, "{shown}");
    let after = number();
    assert_ne!(before, after);
    for number in [before, after] {
        assert!(
            shown.contains(&format!("n={number}.")),
            "{number} in {shown}"
        );
    }
}

#[test]
fn wide_terminals_are_used_and_series_are_pictures() {
    let context = Context::with_samples();
    let folder = context.path().join("own/reports");
    std::fs::create_dir_all(&folder).expect("a folder");
    let text = "-- id: days\n-- title: Uses a day\n-- description: D.\n-- series: uses\n\n\
        SELECT caller, make_array(0, 1, 4, 8) AS uses FROM kms_events\n\
        GROUP BY caller ORDER BY count(*) DESC, caller LIMIT 2\n";
    std::fs::write(folder.join("days.sql"), text).expect("a file");
    let mut transcripts = String::new();
    for columns in [80, 130] {
        let (shown, code) = Terminal::new(&context)
            .columns(columns)
            .words(&["--queries", "own"])
            .line("\\report days")
            .line(TOP)
            .end();
        assert_eq!(code, 0, "{shown}");
        let widest = shown.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(columns.into()), "{shown}");
        transcripts.push_str(&undated(&shown));
    }
    insta::assert_snapshot!("shell_widths", transcripts);
}

/// A transcript without the number of days since the logs end, which grows.
fn undated(shown: &str) -> String {
    const BEFORE: &str = "the logs ended ";
    let lines = shown.split_inclusive('\n').map(|line| {
        let dated = line.split_once(BEFORE);
        match dated.and_then(|(head, rest)| Some((head, rest.split_once(" days ago")?.1))) {
            Some((head, tail)) => format!("{head}{BEFORE}[DAYS] days ago{tail}"),
            None => line.to_owned(),
        }
    });
    lines.collect()
}
