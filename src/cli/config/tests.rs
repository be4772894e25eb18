use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{CommandFactory as _, Parser as _};

use super::effective::{self, Effective, Origin, Set, lines};
use super::file::File;
use super::kind::Kind;
use super::read::read;
use super::settings::{SETTINGS, TABLES};
use super::template::template;
use super::values::Accounts;
use super::{Typed, accounts};
use crate::cli::args::Args;

fn file(text: &str) -> File {
    File {
        path: PathBuf::from("conf/k.toml"),
        text: text.to_owned(),
    }
}

/// What is wrong with a file.
fn problems(text: &str) -> Vec<String> {
    let file = file(text);
    read(&file).map_or_else(|found| lines(&file, &found), |_| Vec::new())
}

/// What a file sets, with these variables in the environment.
fn effective(text: &str) -> Effective {
    let values = read(&file(text)).expect("a good file");
    let set = values.into_iter().map(|(key, (value, line))| {
        let value = Some(value);
        let origin = Origin::File(line);
        (key, Set { value, origin })
    });
    Effective {
        file: None,
        set: set.collect(),
    }
}

/// The template with every key set.
fn filled() -> String {
    let template = template();
    let lines = template.lines().map(|line| {
        let Some(rest) = line.strip_prefix("# ") else {
            return line;
        };
        let is_key = |name: &str| {
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        };
        match rest.split_once(" = ") {
            Some((name, _)) if is_key(name) => rest,
            _ => line,
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_template_is_a_good_file_as_it_is_and_with_every_key_set() {
    let template = template();
    assert!(read(&file(&template)).expect("a good file").is_empty());
    // Either the file of accounts, or the entries.
    let without_entries = filled();
    let (without_entries, _) = without_entries
        .split_once("# Accounts, in")
        .expect("the end");
    let values = read(&file(without_entries)).expect("a good file");
    let expected: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
    let mut found: Vec<&str> = values.keys().copied().collect();
    found.sort_by_key(|key| expected.iter().position(|known| known == key));
    assert_eq!(found, expected);
    let entries = filled().replace("# [[accounts]]", "[[accounts]]");
    let entries = entries.replace("accounts = \"accounts.csv\"\n", "");
    let config = effective(&entries).config().expect("values of their types");
    let Some(Accounts::Entries(entries)) = config.accounts else {
        panic!("no entries");
    };
    let list = accounts::list("k.toml", &entries).expect("a list");
    assert_eq!(list.accounts[0].ou_path.as_deref(), Some("Root/Prod"));
}

/// A key that is in the list of keys and not in [`Config`](super::values::Config) is refused there.
#[test]
fn every_key_has_its_field() {
    for setting in SETTINGS {
        let (table, name) = setting.split();
        let values = match setting.kind {
            Kind::Number { min, max } => vec![min.to_string(), max.to_string()],
            _ => vec![setting.example.to_owned()],
        };
        for value in values {
            let text = match table {
                "" => format!("{name} = {value}\n"),
                table => format!("[{table}]\n{name} = {value}\n"),
            };
            let effective = effective(&text);
            assert_eq!(effective.set.len(), 1, "{text}");
            if let Err(error) = effective.config() {
                panic!("{text}: {error}");
            }
        }
        assert!(table.is_empty() || TABLES.iter().any(|(known, _)| *known == table));
    }
}

#[test]
fn every_key_agrees_with_its_flag() {
    let command = Args::command();
    let commands: Vec<&clap::Command> = std::iter::once(&command)
        .chain(command.get_subcommands())
        .collect();
    for setting in SETTINGS {
        let Some(flag) = setting.flag.strip_prefix("--") else {
            continue;
        };
        let args = commands.iter().flat_map(|command| command.get_arguments());
        let args: Vec<_> = args.filter(|arg| arg.get_long() == Some(flag)).collect();
        assert!(!args.is_empty(), "{} is no flag", setting.flag);
        let defaults = args.iter().flat_map(|arg| arg.get_default_values());
        for default in defaults {
            assert_eq!(*default, *setting.default, "{}", setting.key);
        }
        if let Kind::Number { min, max } = setting.kind
            && u32::try_from(max).is_ok()
        {
            let is_taken = |value: u64| {
                let value = format!("{}={value}", setting.flag);
                Args::try_parse_from(["keytrail", "ingest", value.as_str()]).is_ok()
            };
            let taken = [
                min.checked_sub(1).is_some_and(is_taken),
                is_taken(min),
                is_taken(max),
                is_taken(max + 1),
            ];
            assert_eq!(taken, [false, true, true, false], "{}", setting.key);
        }
    }
}

#[test]
fn the_page_lists_every_key() {
    const PAGE: &str = include_str!("../../../docs/configuration.md");
    let mut table = String::from(
        "| key | value | default | flag | variables | meaning |\n|---|---|---|---|---|---|\n",
    );
    for setting in SETTINGS {
        let own = setting.variable();
        let variables = std::iter::once(own.as_str()).chain(setting.of_aws.iter().copied());
        let variables: Vec<String> = variables.map(|name| format!("`{name}`")).collect();
        let flag = match setting.flag {
            flag if flag.starts_with("--") => format!("`{flag}`"),
            argument => argument.to_owned(),
        };
        let _infallible = writeln!(
            table,
            "| `{}` | {} | {} | {flag} | {} | {} |",
            setting.key,
            setting.kind.accepted(),
            setting.default,
            variables.join(", "),
            setting.doc
        );
    }
    assert!(
        PAGE.contains(&table),
        "docs/configuration.md: the table of keys is not\n{table}"
    );
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(problems(text), expected);
    }
    check("", &[]);
    check("\n# nothing\n[aws]\n[aws.store]\n", &[]);
    check(
        "[aws]\nprofil = \"x\"\n",
        &["conf/k.toml:2: unknown key `aws.profil`; did you mean `aws.profile`?"],
    );
    check(
        "\nurl = \"x\"\n",
        &["conf/k.toml:2: unknown key `url`; did you mean `queue.url`?"],
    );
    check(
        "[quue]\nurl = \"https://x.example.com\"\n",
        &["conf/k.toml:1: unknown table [quue]; did you mean `[queue]`?"],
    );
    check(
        "[database]\nx = 1\n",
        &[
            "conf/k.toml:1: unknown table [database]; accepted: store, queries, threads, accounts, [aws], [queue], [ingest], [limits], [retention], [output]",
        ],
    );
    check(
        "\"aws.profile\" = \"x\"\n",
        &[
            "conf/k.toml:1: unknown key `aws.profile`; accepted: store, queries, threads, accounts, [aws], [queue], [ingest], [limits], [retention], [output]",
        ],
    );
    check(
        "aws = \"x\"\n",
        &["conf/k.toml:1: `aws` is a string; accepted: a table [aws]"],
    );
    check(
        "store = 1\nthreads = \"4\"\n\n[queue]\nbatch_seconds = 0\nbuckets = \"logs\"\n",
        &[
            "conf/k.toml:1: `store` is an integer; accepted: a directory, or s3://BUCKET/PREFIX",
            "conf/k.toml:2: `threads` is a string; accepted: a whole number from 1 to 1024",
            "conf/k.toml:5: `queue.batch_seconds` is 0, which is out of range; accepted: a whole number from 1 to 3600",
            "conf/k.toml:6: `queue.buckets` is a string; accepted: a list of strings",
        ],
    );
    check(
        "store = \"\"\nqueries = \"~/queries\"\n[aws]\nrole_arn = \"log-reader\"\nendpoint_url = \"localhost:9000\"\n",
        &[
            "conf/k.toml:1: `store` is empty; accepted: a directory, or s3://BUCKET/PREFIX",
            "conf/k.toml:2: `queries` begins with `~`, which only a shell expands; accepted: a path",
            "conf/k.toml:4: `aws.role_arn` is `log-reader`; accepted: the ARN of a role, `arn:aws:iam::ACCOUNT:role/NAME`",
            "conf/k.toml:5: `aws.endpoint_url` is `localhost:9000`; accepted: a URL such as `https://host.example.com`",
        ],
    );
    check(
        "[retention]\nevents = \"a year\"\n[output]\ntime_zone = \"Europe/Berlni\"\n",
        &[
            "conf/k.toml:2: `retention.events` is `a year`; accepted: days or years, such as `400d` or `7y`",
            "conf/k.toml:4: `output.time_zone` is `Europe/Berlni`; did you mean `Europe/Berlin`?",
        ],
    );
    check(
        "accounts = []\n[queue]\nbuckets = [\"logs\", \"\", \"x\"]\n[output]\ntime_zone = \"07:00\"\n",
        &[
            "conf/k.toml:1: `accounts` is an empty list; accepted: the path of a CSV file, or a table [[accounts]] for each account",
            "conf/k.toml:3: `queue.buckets` has an entry that is empty (entry 2); accepted: a list of strings",
            "conf/k.toml:5: `output.time_zone` is `07:00`; accepted: a time zone such as `Europe/Berlin`",
        ],
    );
    check(
        "[retention]\nhold = [\"a\", 7]\n",
        &[
            "conf/k.toml:2: `retention.hold` has an entry that is an integer (entry 2); accepted: a list of strings",
        ],
    );
    check(
        "threads = 99999999999999999999999999\n",
        &[
            "conf/k.toml:1: `threads` is 99999999999999999999999999, which is out of range; accepted: a whole number from 1 to 1024",
        ],
    );
}

#[test]
fn entries_of_accounts_are_checked_one_by_one() {
    let found = problems(
        "[[accounts]]\nid = 111122223333\n[[accounts]]\nid = \"1111\"\n[[accounts]]\nname = \"x\"\n[[accounts]]\nid = \"111122223333\"\nowmer = \"x\"\n",
    );
    assert_eq!(
        found,
        [
            "conf/k.toml:2: `id` in `accounts` is an integer; put it in quotes, since an id can begin with 0",
            "conf/k.toml:4: `id` in `accounts` is `1111`; accepted: an account id of 12 digits",
            "conf/k.toml:5: an entry of `accounts` has no `id`",
            "conf/k.toml:9: `owmer` in `accounts` is unknown; did you mean `owner`?",
        ]
    );
    let twice = "[[accounts]]\nid = \"111122223333\"\n\n[[accounts]]\nid = \"111122223333\"\n";
    assert_eq!(
        problems(twice),
        ["conf/k.toml:4: account 111122223333 is in `accounts` twice"]
    );
}

#[test]
fn secrets_are_refused_wherever_they_are_and_never_printed() {
    // AWS's own example of a secret key, which opens nothing.
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    for text in [
        format!("[aws]\nsecret_access_key = \"{SECRET}\"\n"),
        format!("[aws]\nprofile = \"{SECRET}\"\n"),
        format!("\nx = \"{SECRET}\"\n"),
        format!("\n\"{SECRET}\" = 1\n"),
        format!("[[accounts]]\nname = \"{SECRET}\"\n"),
        format!("[queue]\nbuckets = [\"{SECRET}\"]\n"),
        format!("[queue]\nurl = \"https://me:{SECRET}@sqs.example.com/1/q\"\n"),
        "[aws]\nsession_token = \"x\"\n".to_owned(),
        "\n[credentials]\nx = 1\n".to_owned(),
        "\npassword = 7\n".to_owned(),
    ] {
        let found = problems(&text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].contains("conf/k.toml:2: "), "{text}: {found:?}");
        assert!(
            found[0].contains("secrets come from the environment or from files"),
            "{text}: {found:?}"
        );
        assert!(!found[0].contains(SECRET), "{found:?}");
    }
    // In a table that is unknown, too.
    let found = problems("[database]\nname = \"x\"\npassword = \"hunter2\"\n");
    assert!(
        found.len() == 2 && found[1].contains("k.toml:3: `database.password`"),
        "{found:?}"
    );
    // Nor does a fault of syntax show the line it is in.
    let found = problems(&format!("secret_access_key = {SECRET}\n"));
    assert!(
        !found.is_empty() && !found.concat().contains(SECRET),
        "{found:?}"
    );
}

#[test]
fn the_environment_overrides_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("k.toml");
    let text = "threads = 3\nstore = \"s\"\n[aws]\nprofile = \"of-file\"\nregion = \"eu-west-1\"\n[queue]\nbuckets = [\"a\"]\n";
    std::fs::write(&path, text).expect("a file");
    let load = |variables: &[(&str, &str)]| {
        let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
        effective::load(Some(&path), &|name| Some((*variables.get(name)?).into()))
    };
    let config = load(&[]).expect("it is good").config().expect("it is good");
    assert_eq!(config.threads, Some(3));
    assert_eq!(config.store, Some(folder.path().join("s")));
    assert_eq!(config.aws.profile.as_deref(), Some("of-file"));
    let loaded = load(&[
        ("KEYTRAIL_THREADS", "5"),
        ("AWS_PROFILE", "of-environment"),
        ("AWS_REGION", ""),
        ("KEYTRAIL_QUEUE_BUCKETS", "b, c"),
    ]);
    let config = loaded.expect("it is good").config().expect("it is good");
    assert_eq!(config.threads, Some(5));
    // The SDK reads the variable, with all that follows from it.
    assert_eq!(config.aws.profile, None);
    assert_eq!(config.aws.region.as_deref(), Some("eu-west-1"));
    assert_eq!(
        config.queue.buckets,
        Some(vec!["b".to_owned(), "c".to_owned()])
    );
    let refused = load(&[
        ("KEYTRAIL_THREADS", "many"),
        ("KEYTRAIL_OUTPUT_TIME_ZONE", "x"),
    ]);
    let refused = refused.expect_err("no numbers").to_string();
    assert!(
        refused.contains(
            "KEYTRAIL_THREADS: `threads` is `many`; accepted: a whole number from 1 to 1024"
        ),
        "{refused}"
    );
    assert!(
        refused.starts_with("the configuration has 2 problems\n"),
        "{refused}"
    );
    let refused = load(&[("KEYTRAIL_RETENTION_HOLD", "a,,b")]);
    assert_eq!(
        refused.expect_err("an empty entry").to_string(),
        "KEYTRAIL_RETENTION_HOLD: `retention.hold` has an entry that is empty (entry 2); accepted: a list of strings"
    );
}

#[test]
fn what_is_typed_is_known() {
    let words = ["keytrail", "--store", "a", "ingest", "x", "--threads", "2"];
    let matches = Args::command()
        .try_get_matches_from(words)
        .expect("it parses");
    let typed = Typed::new(&matches);
    assert!(typed.has("store") && typed.has("threads") && typed.has("paths"));
    assert!(!typed.has("batch_objects") && !typed.has("path_style"));
    assert_eq!(
        (typed.flag("--store"), typed.flag("--queries")),
        (Some("a"), None)
    );
}
