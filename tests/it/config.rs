//! The configuration file: where it is found, what overrides it, and what is refused, with file and line.

use std::fs;

use serde_json::Value;

use crate::context::{Context, REPOSITORY, Transcript};

const LISTED: &str = "id,name\n111122223333,payments\n";

/// A folder with this configuration file in it, and a list of accounts.
fn configured(text: &str) -> Context {
    let context = Context::new();
    write(&context, "keytrail.toml", text);
    write(&context, "accounts.csv", LISTED);
    context
}

fn write(context: &Context, path: &str, text: impl AsRef<[u8]>) {
    let path = context.path().join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn run_in(context: &Context, words: &[&str], variables: &[(&str, &str)]) -> Transcript {
    let variables: Vec<(String, String)> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    context.run_in(words, &variables)
}

#[track_caller]
fn check_refused(transcript: &Transcript, expected: &str) {
    assert_eq!(
        (transcript.code, transcript.stdout.as_str()),
        (2, ""),
        "{transcript}"
    );
    assert!(transcript.stderr.starts_with("error: "), "{transcript}");
    assert!(transcript.stderr.contains(expected), "{transcript}");
}

/// The stores that a folder has.
fn stores(context: &Context) -> Vec<String> {
    let entries = fs::read_dir(context.path()).expect("the folder");
    let names = entries.map(|entry| entry.expect("it can be listed").file_name());
    let mut names: Vec<String> = names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.ends_with("-store"))
        .collect();
    names.sort();
    names
}

#[test]
fn flags_override_the_environment_which_overrides_the_file() {
    let context = configured("store = \"file-store\"\naccounts = \"accounts.csv\"\n");
    let import = ["accounts", "import"];
    let done = context.run(&import);
    assert_eq!(
        (done.code, done.stdout.as_str()),
        (0, "1 account imported\n"),
        "{done}"
    );
    assert_eq!(stores(&context), ["file-store"]);
    let variables = [("KEYTRAIL_STORE", "variable-store")];
    assert_eq!(run_in(&context, &import, &variables).code, 0);
    assert_eq!(stores(&context), ["file-store", "variable-store"]);
    let typed = ["accounts", "import", "--store", "flag-store"];
    assert_eq!(run_in(&context, &typed, &variables).code, 0);
    assert_eq!(
        stores(&context),
        ["file-store", "flag-store", "variable-store"]
    );
}

#[test]
fn relative_paths_start_from_the_folder_of_the_file() {
    let context = Context::new();
    write(
        &context,
        "conf/k.toml",
        "store = \"../the-store\"\naccounts = \"list.csv\"\n",
    );
    write(&context, "conf/list.csv", LISTED);
    let done = context.run(&["accounts", "import", "--config", "conf/k.toml"]);
    assert_eq!(done.code, 0, "{done}");
    assert_eq!(stores(&context), ["the-store"]);
    let path = context.path().join("conf/k.toml");
    let variables = [("KEYTRAIL_CONFIG", path.to_str().expect("text"))];
    let listed = run_in(&context, &["accounts", "--format", "csv"], &variables);
    assert!(listed.stdout.contains("111122223333,payments"), "{listed}");
}

#[test]
fn the_file_is_the_one_that_is_named_else_the_folders_else_the_users() {
    let context = Context::new();
    let home = context.path().to_str().expect("text").to_owned();
    let xdg = format!("{home}/xdg");
    let store = |variables: &[(&str, &str)]| {
        let shown = run_in(&context, &["config", "show", "--json"], variables);
        assert_eq!(shown.code, 0, "{shown}");
        let shown: Value = serde_json::from_slice(&shown.raw.stdout).expect("JSON");
        let store = &shown["settings"][0];
        assert_eq!(store["key"], "store");
        (
            shown["file"].clone(),
            store["value"].clone(),
            store["source"].clone(),
        )
    };
    let nothing = (Value::Null, Value::Null, "default".into());
    assert_eq!(store(&[("HOME", &home)]), nothing);
    write(
        &context,
        ".config/keytrail/keytrail.toml",
        "store = \"/of-home\"\n",
    );
    write(
        &context,
        "xdg/keytrail/keytrail.toml",
        "store = \"/of-xdg\"\n",
    );
    write(&context, "named.toml", "store = \"/named\"\n");
    let found = |name: &str, value: &str| (Value::from(name), Value::from(value), "file".into());
    let of_home = format!("{home}/.config/keytrail/keytrail.toml");
    assert_eq!(store(&[("HOME", &home)]), found(&of_home, "/of-home"));
    let of_xdg = format!("{xdg}/keytrail/keytrail.toml");
    let variables = [("HOME", home.as_str()), ("XDG_CONFIG_HOME", &xdg)];
    assert_eq!(store(&variables), found(&of_xdg, "/of-xdg"));
    write(&context, "keytrail.toml", "store = \"/of-folder\"\n");
    assert_eq!(store(&variables), found("keytrail.toml", "/of-folder"));
    let named = [("KEYTRAIL_CONFIG", "named.toml")];
    assert_eq!(store(&named), found("named.toml", "/named"));
    assert_eq!(
        store(&[("KEYTRAIL_CONFIG", "")]),
        found("keytrail.toml", "/of-folder")
    );
    assert_eq!(store(&[("KEYTRAIL_CONFIG", "/dev/null")]).1, Value::Null);
}

#[test]
fn a_file_that_cannot_be_read_is_refused() {
    let context = Context::new();
    write(&context, "latin.toml", b"# ok\nstore = \"caf\xe9\"\n");
    fs::create_dir(context.path().join("folder")).expect("a folder");
    write(&context, "large.toml", vec![b'#'; (1 << 20) + 1]);
    let status = |file: &str| context.run(&["status", "--config", file]);
    check_refused(
        &status("missing.toml"),
        "cannot read the configuration file `missing.toml`; there is no such file\n\nhint: `keytrail config init -o FILE` writes a template",
    );
    check_refused(
        &status("folder"),
        "cannot read the configuration file `folder`; it is a directory\n\nhint: `folder/keytrail.toml` would be the file",
    );
    check_refused(&status("latin.toml"), "latin.toml:2: the file is not UTF-8");
    check_refused(&status("large.toml"), "larger than 1 MiB");
    let variables = [("KEYTRAIL_CONFIG", "missing.toml")];
    check_refused(
        &run_in(&context, &["status"], &variables),
        "`missing.toml`; there is no such file",
    );
    check_refused(
        &context.run(&["config", "check", "missing.toml"]),
        "`missing.toml`; there is no such file",
    );
    // A default place that is a folder is not skipped.
    fs::create_dir(context.path().join("keytrail.toml")).expect("a folder");
    check_refused(
        &context.run(&["status"]),
        "`keytrail.toml`; it is a directory",
    );
    // Without a file, there is only nothing to read.
    let fresh = Context::new();
    check_refused(&fresh.run(&["status"]), "keytrail ingest");
    check_refused(
        &fresh.run(&["config", "check"]),
        "no configuration file: looked for `keytrail.toml`\n\nhint: `keytrail config init` writes one",
    );
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let context = configured("store = \"s\"\n");
    let path = context.path().join("keytrail.toml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("it is ours");
    let refused = context.run(&["status"]);
    // The superuser may read everything.
    if fs::read(&path).is_err() {
        check_refused(
            &refused,
            "cannot read the configuration file `keytrail.toml`; permission denied",
        );
    } else {
        check_refused(&refused, "`s`");
    }
}

#[test]
fn every_problem_is_said_with_its_line() {
    let context = configured(
        "thread = 1\nthreads = 0\n\n[aws]\nprofile = 7\nsecret_access_key = \"hunter2\"\n\n[quue]\nurl = \"x\"\n",
    );
    let expected = "error: the configuration has 5 problems
  keytrail.toml:1: unknown key `thread`; did you mean `threads`?
  keytrail.toml:2: `threads` is 0, which is out of range; accepted: a whole number from 1 to 1024
  keytrail.toml:5: `aws.profile` is an integer; accepted: a string
  keytrail.toml:6: `aws.secret_access_key` has a secret or a credential, and a configuration file must not; secrets come from the environment or from files, such as ~/.aws/credentials
  keytrail.toml:8: unknown table [quue]; did you mean `[queue]`?
";
    // For every command that reads the file, before anything is done.
    for words in [
        &["config", "check"][..],
        &["config", "show"],
        &["accounts", "import", "accounts.csv"],
        &["sql", "select 1"],
    ] {
        let refused = context.run(words);
        check_refused(&refused, expected);
        assert!(!refused.stderr.contains("hunter2"), "{refused}");
    }
    assert_eq!(stores(&context), Vec::<String>::new());
    // What needs no configuration works.
    for words in [&["--help"][..], &["completions", "bash"], &["man"]] {
        assert_eq!(context.run(words).code, 0, "{words:?}");
    }
    let one = configured("[output]\ntime_zone = \"Berlin\"\n");
    check_refused(
        &one.run(&["status"]),
        "error: keytrail.toml:2: `output.time_zone` is `Berlin`; did you mean `Europe/Berlin`?\n",
    );
    let none = configured("accounts = []\n");
    check_refused(
        &none.run(&["config", "check"]),
        "error: keytrail.toml:1: `accounts` is an empty list; accepted: the path of a CSV file, or a table [[accounts]]",
    );
}

#[test]
fn what_is_not_toml_is_refused_and_an_empty_file_is_fine() {
    let context = configured("[aws\nprofile = \"x\"\n");
    check_refused(
        &context.run(&["config", "check"]),
        "keytrail.toml:1: it is not TOML: ",
    );
    write(&context, "keytrail.toml", "threads = 1\n\nthreads = 2\n");
    check_refused(
        &context.run(&["config", "check"]),
        "keytrail.toml:3: it is not TOML: duplicate key",
    );
    for text in ["", "\u{feff}", "\n\n# nothing\n"] {
        write(&context, "keytrail.toml", text);
        let checked = context.run(&["config", "check"]);
        assert_eq!(
            (checked.code, checked.stdout.as_str()),
            (0, "keytrail.toml: ok\n"),
            "{checked}"
        );
        assert_eq!(context.run(&["accounts", "import", "accounts.csv"]).code, 0);
    }
    assert_eq!(stores(&context), ["keytrail-store"]);
}

#[test]
fn init_writes_a_template_that_is_documented_and_overwrites_nothing() {
    let context = Context::new();
    let written = context.run(&["config", "init"]);
    assert_eq!(
        (written.code, written.stdout.as_str()),
        (0, "keytrail.toml written\n"),
        "{written}"
    );
    assert_eq!(
        context.run(&["config", "check"]).stdout,
        "keytrail.toml: ok\n"
    );
    let path = context.path().join("keytrail.toml");
    let template = fs::read_to_string(&path).expect("it is there");
    let page = fs::read_to_string(format!("{REPOSITORY}/docs/configuration.md")).expect("a page");
    let mut table = String::new();
    let mut keys = 0;
    for line in template.lines() {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            table = format!("{name}.");
        }
        let key = line
            .strip_prefix("# ")
            .and_then(|line| line.split_once(" = "));
        if line.starts_with("# Accounts, in place") {
            break;
        }
        if let Some((name, _)) = key.filter(|(name, _)| !name.contains(' ')) {
            keys += 1;
            assert!(
                page.contains(&format!("| `{table}{name}` |")),
                "docs/configuration.md lacks {table}{name}"
            );
        }
    }
    assert!(keys >= 30, "{keys} keys");
    fs::write(&path, "threads = 3\n").expect("it is ours");
    check_refused(
        &context.run(&["config", "init"]),
        "`keytrail.toml` exists, and is not overwritten\n\nhint: `-o FILE` writes to another file",
    );
    assert_eq!(
        fs::read_to_string(&path).expect("it is there"),
        "threads = 3\n"
    );
    let other = context.run(&["config", "init", "-o", "other.toml"]);
    assert_eq!(other.stdout, "other.toml written\n", "{other}");
    check_refused(
        &context.run(&["config", "init", "-o", "none/k.toml"]),
        "cannot write `none/k.toml`",
    );
    // A pipe takes it too.
    let printed = context.run(&["config", "init", "-o", "-"]);
    assert_eq!((printed.code, printed.stdout), (0, template), "-");
    assert!(!context.path().join("-").exists());
    // The page shows what is printed.
    fs::remove_file(&path).expect("it is there");
    assert_eq!(context.run(&["config", "init"]).code, 0);
    let shown = context.run(&["config", "show"]).stdout;
    let first: Vec<&str> = shown.lines().take(3).collect();
    assert!(page.contains(&first.join("\n")), "{}", first.join("\n"));
}

#[test]
fn show_says_where_each_value_is_from() {
    let context = configured(
        "store = \"file-store\"\n\n[aws]\nprofile = \"of-file\"\nregion = \"eu-west-1\"\n\n[queue]\nbatch_seconds = 30\nbuckets = [\"a\", \"b\"]\n",
    );
    let words = ["config", "show", "--queries", "q"];
    let variables = [
        ("AWS_PROFILE", "of-environment"),
        ("KEYTRAIL_THREADS", "2"),
        ("AWS_ENDPOINT_URL", "http://me:hunter2@localhost:9000"),
    ];
    let shown = run_in(&context, &words, &variables);
    assert_eq!(shown.code, 0, "{shown}");
    let row = |key: &str| {
        let mut rows = shown.stdout.lines();
        let row = rows.find(|line| line.split_whitespace().next() == Some(key));
        row.expect("every key")
            .split_whitespace()
            .skip(1)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(row("store"), "file-store keytrail.toml:1");
    assert_eq!(row("queries"), "q --queries");
    assert_eq!(row("threads"), "2 KEYTRAIL_THREADS");
    assert_eq!(row("aws.profile"), "of-environment AWS_PROFILE");
    assert_eq!(row("aws.region"), "eu-west-1 keytrail.toml:5");
    assert_eq!(row("aws.endpoint_url"), "(not shown) AWS_ENDPOINT_URL");
    assert_eq!(row("queue.batch_seconds"), "30 keytrail.toml:8");
    assert_eq!(row("queue.buckets"), "a, b keytrail.toml:9");
    assert_eq!(row("queue.batch_objects"), "1000 default");
    assert!(!shown.stdout.contains("hunter2"), "{shown}");
    // An access key in the environment counts before the profile of the file, and is not shown.
    let variables = [
        ("AWS_ACCESS_KEY_ID", "an-id"),
        ("AWS_SECRET_ACCESS_KEY", "hunter2"),
    ];
    let shown = run_in(&context, &["config", "show", "--json"], &variables);
    assert!(
        !shown.stdout.contains("hunter2") && !shown.stdout.contains("an-id"),
        "{shown}"
    );
    let shown: Value = serde_json::from_slice(&shown.raw.stdout).expect("JSON");
    let settings = shown["settings"].as_array().expect("a list");
    let find = |key: &str| {
        settings
            .iter()
            .find(|row| row["key"] == key)
            .expect("every key")
    };
    assert_eq!(
        find("aws.profile"),
        &serde_json::json!({"key": "aws.profile", "value": "(not shown)", "source": "environment", "name": "AWS_ACCESS_KEY_ID", "line": null})
    );
    assert_eq!(
        find("queue.buckets"),
        &serde_json::json!({"key": "queue.buckets", "value": ["a", "b"], "source": "file", "name": null, "line": 9})
    );
}

#[test]
fn times_are_shown_in_the_zone_of_the_file_unless_another_is_typed() {
    let context =
        configured("accounts = \"accounts.csv\"\n[output]\ntime_zone = \"Europe/Berlin\"\n");
    assert_eq!(context.run(&["accounts", "import"]).code, 0);
    let ask = [
        "sql",
        "select arrow_cast('2026-03-01T00:00:00Z', 'Timestamp(Microsecond, Some(\"UTC\"))') as t",
        "--format",
        "csv",
    ];
    let shown = context.run(&ask);
    assert!(
        shown.stdout.contains("2026-03-01T01:00:00+01:00"),
        "{shown}"
    );
    let shown = context.run(&[&ask[..], &["--tz", "UTC"]].concat());
    assert!(shown.stdout.contains("2026-03-01T00:00:00Z"), "{shown}");
}

#[test]
fn accounts_can_be_in_the_file() {
    let context = configured(
        "[[accounts]]\nid = \"111122223333\"\nname = \"payments\"\nou = \"Root/Prod\"\n\n[[accounts]]\nid = \"444455556666\"\n",
    );
    let done = context.run(&["accounts", "import"]);
    assert_eq!(
        (done.code, done.stdout.as_str()),
        (0, "2 accounts imported\n"),
        "{done}"
    );
    let rows = context.rows("select account_id, name, ou_path from accounts order by 1");
    assert_eq!(
        rows,
        [
            serde_json::json!({"account_id": "111122223333", "name": "payments", "ou_path": "Root/Prod"}),
            serde_json::json!({"account_id": "444455556666", "name": null, "ou_path": null}),
        ]
    );
    // A file that is named counts instead.
    assert_eq!(
        context.run(&["accounts", "import", "accounts.csv"]).stdout,
        "1 account imported\n"
    );
    let none = Context::new();
    check_refused(
        &none.run(&["accounts", "import"]),
        "no accounts to import\n\nhint: name a CSV file",
    );
}

#[test]
fn ingest_without_a_path_reads_the_queue_of_the_file() {
    // Nothing listens there.
    let context = configured("[queue]\nurl = \"http://127.0.0.1:1/111122223333/logs\"\n");
    let variables = [
        ("AWS_ACCESS_KEY_ID", "an-id"),
        ("AWS_SECRET_ACCESS_KEY", "a-key"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let queue = "http://127.0.0.1:1/111122223333/logs";
    check_refused(&run_in(&context, &["ingest"], &variables), queue);
    check_refused(
        &run_in(&context, &["ingest", "--until-empty"], &variables),
        queue,
    );
    // With a PATH, or an option of one, no queue is meant.
    let ingested = context.run(&["ingest", "sample-logs/AWSLogs/o-examplorg1/777788889999"]);
    assert!(ingested.stdout.contains("rows written"), "{ingested}");
    check_refused(
        &context.run(&["ingest", "--from", "2026-03-01"]),
        "nothing to ingest; `--from` is about a PATH in a bucket, and none is given\n\n\
         hint: name s3://BUCKET/PREFIX, or leave out `--from` to read the queue of keytrail.toml:2",
    );
    check_refused(
        &context.run(&["ingest", "--lookback", "3"]),
        "`--lookback` is about a PATH in a bucket",
    );
    check_refused(
        &Context::new().run(&["ingest", "--lookback", "3"]),
        "nothing to ingest\n\nhint: name files",
    );
    let both = ["ingest", "sample-logs", "--until-empty"];
    check_refused(
        &context.run(&both),
        "`--until-empty` needs `--queue URL`, and no PATH",
    );
}

#[test]
fn retain_without_options_does_what_the_file_says_and_a_hold_alone_deletes_nothing() {
    const KEY: &str = "8b402961-4718-43ca-8f94-e4fd57328e34";
    const OTHER: &str =
        "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000";
    let context = Context::with_samples();
    write(
        &context,
        "keytrail.toml",
        format!("[retention]\nevents = \"1d\"\nhold = [\"{KEY}\"]\n"),
    );
    let count = || {
        context.rows("select count(*) as n from kms_events")[0]["n"]
            .as_u64()
            .expect("a number")
    };
    let all = count();
    let held = context.run(&["retain", "--hold", OTHER]);
    assert_eq!(held.code, 0, "{held}");
    assert!(
        held.stdout.contains(KEY) && held.stdout.contains(OTHER),
        "{held}"
    );
    assert_eq!(count(), all);
    check_refused(
        &context.run(&["retain", "--release", KEY]),
        "it is in `retention.hold` (keytrail.toml:3)",
    );
    // The logs are older than a day.
    let done = context.run(&["retain"]);
    assert_eq!(done.code, 0, "{done}");
    assert!(
        done.stdout.contains("rows removed") && done.stdout.contains(KEY),
        "{done}"
    );
    let left = count();
    assert!(left < all, "{left} of {all}");
    let of_key = format!("select count(*) as n from kms_events where key_arn like '%{KEY}'");
    assert_ne!(context.rows(&of_key)[0]["n"], 0);
}

#[test]
fn a_key_to_hold_that_is_unknown_is_said_with_its_place() {
    let context = Context::with_samples();
    write(
        &context,
        "keytrail.toml",
        "# Keys\n[retention]\nhold = [\"alias/nowhere\"]\n",
    );
    let message = "no key `alias/nowhere` is in the stored logs";
    check_refused(
        &context.run(&["retain", "--events", "9y"]),
        &format!("error: keytrail.toml:3: `retention.hold`: {message}"),
    );
    let variables = [("KEYTRAIL_RETENTION_HOLD", "alias/nowhere")];
    check_refused(
        &run_in(&context, &["retain"], &variables),
        &format!("error: KEYTRAIL_RETENTION_HOLD: `retention.hold`: {message}"),
    );
    // One that is typed is not of the file.
    write(&context, "keytrail.toml", "");
    check_refused(
        &context.run(&["retain", "--hold", "alias/nowhere"]),
        &format!("error: {message}"),
    );
}

#[test]
fn a_secret_in_a_variable_is_not_said_to_be_in_a_file() {
    let context = Context::new();
    let variables = [(
        "KEYTRAIL_QUEUE_URL",
        "https://me:hunter2@sqs.example.com/1/q",
    )];
    let refused = run_in(&context, &["status"], &variables);
    check_refused(
        &refused,
        "error: KEYTRAIL_QUEUE_URL: `queue.url` has a secret or a credential, and this variable must not",
    );
    assert!(
        !refused.stderr.contains("hunter2") && !refused.stderr.contains("configuration file"),
        "{refused}"
    );
}

#[test]
fn the_profile_of_the_file_is_used() {
    let context = configured("[aws]\nprofile = \"no-such-profile\"\n");
    let variables = [
        ("HOME", "/nowhere"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_REGION", "us-east-1"),
    ];
    let refused = run_in(&context, &["ingest", "s3://my-trail-logs"], &variables);
    check_refused(&refused, "no-such-profile");
    check_refused(
        &run_in(
            &context,
            &["ingest", "s3://my-trail-logs", "--external-id", "x"],
            &variables,
        ),
        "`--external-id` needs `--assume-role`",
    );
}

#[test]
fn the_demo_does_not_read_the_file() {
    let context = configured("store = \"production-store\"\n[aws]\nprofile = 7\n");
    let demo = context.run(&["demo"]);
    assert_eq!(demo.code, 0, "{demo}");
    assert_eq!(stores(&context), Vec::<String>::new());
}
