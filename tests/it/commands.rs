//! Every subcommand on the sample logs, as whole transcripts; those that answer are in `questions.rs`.
//!
//! What the figures should be is in `answers.rs`; here stands how they are told.

use std::io::Read as _;

use serde_json::Value;

use crate::context::{Context, REPOSITORY, Transcript, joined};

#[test]
fn help_and_version() {
    let context = Context::new();
    let help = context.run(&["--help"]);
    assert_eq!(help.stderr, "");
    insta::assert_snapshot!("help", joined(&[help, context.run(&["--version"])]));
    for command in ["ingest", "sql", "report"] {
        insta::assert_snapshot!(
            format!("help_{command}"),
            context.run(&[command, "--help"]).to_string()
        );
    }
    let short: Vec<Transcript> = ["status", "event", "demo", "vacuum", "retain"]
        .iter()
        .map(|command| context.run(&[command, "--help"]))
        .collect();
    insta::assert_snapshot!("help_others", joined(&short));
    // What the environment holds is not for a page that people copy.
    let mut command = context.command(&["--help"]);
    let output = command.env("KEYTRAIL_STORE", "/home/me/secret").output();
    let help = String::from_utf8(output.expect("it runs").stdout).expect("text");
    assert!(
        help.contains("KEYTRAIL_STORE") && !help.contains("secret"),
        "{help}"
    );
}

#[test]
fn ingest_tells_what_was_read() {
    let context = Context::new();
    insta::assert_snapshot!(
        "ingest",
        context.run(&["ingest", "sample-logs/AWSLogs"]).to_string()
    );
    // The rejects are known from now on, and no reason to fail.
    insta::assert_snapshot!(
        "ingest_again",
        context.run(&["ingest", "sample-logs/AWSLogs"]).to_string()
    );
    insta::assert_snapshot!(
        "ingest_again_json",
        context
            .run(&["ingest", "sample-logs/AWSLogs", "--json"])
            .to_string()
    );
}

#[test]
fn ingest_as_json() {
    let context = Context::new();
    let transcript = context.run(&[
        "ingest",
        "--json",
        "sample-logs/AWSLogs",
        "--store",
        "elsewhere",
    ]);
    insta::assert_snapshot!("ingest_json", transcript.to_string());
    assert!(
        context
            .path()
            .join("elsewhere/kms_events/_delta_log")
            .is_dir()
    );
    assert!(
        !context.store().exists(),
        "the default store was made as well"
    );
}

#[test]
fn ingest_passes_over_what_is_no_log() {
    let context = Context::new();
    let folder = context.path().join("folder");
    std::fs::create_dir(&folder).expect("a folder");
    for name in ["README.md", "a.txt", "b.txt", "c.txt", "d.txt", "e.txt"] {
        std::fs::write(folder.join(name), "no log").expect("a file");
    }
    std::fs::write(folder.join("empty.json.gz"), "").expect("a file");
    std::fs::write(folder.join("none.json"), r#"{"Records":[]}"#).expect("a file");
    insta::assert_snapshot!(
        "ingest_odd_files",
        context.run(&["ingest", "folder"]).to_string()
    );
}

#[test]
fn whatever_cannot_be_opened_is_known_the_second_time() {
    let context = Context::new();
    let folder = context.path().join("folder");
    std::fs::create_dir(&folder).expect("a folder");
    std::os::unix::fs::symlink("nowhere", folder.join("link.json")).expect("a link");
    let _socket = std::os::unix::net::UnixListener::bind(folder.join("socket")).expect("a socket");
    let first = context.run(&["ingest", "folder"]);
    let told = first.to_string();
    assert_eq!(first.code, 2, "{told}");
    for part in [
        "link.json",
        "No such file",
        "socket",
        "neither a file nor a directory",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let second = context.run(&["ingest", "folder"]);
    assert_eq!(second.code, 0, "{second}");
    // A path that was asked for and is not there is an error each time.
    for _time in 0..2 {
        assert_eq!(context.run(&["ingest", "folder/missing"]).code, 2);
    }
}

#[test]
fn logs_are_taken_whatever_their_names_and_stores_are_not() {
    let context = Context::new();
    let folder = context.path().join("folder");
    std::fs::create_dir(&folder).expect("a folder");
    let objects = [("UPPER.JSON", "{\"Records\":[]}"), ("no-ending", " [{}]")];
    for (name, text) in objects {
        std::fs::write(folder.join(name), text).expect("a file");
    }
    let first = context.run(&["ingest", "folder", "--store", "folder/store", "--json"]);
    let summary: Value = serde_json::from_slice(&first.raw.stdout).expect("JSON");
    assert_eq!(summary["objects_seen"], 2, "{first}");
    let second = context.run(&["ingest", "folder", "--store", "folder/store", "--json"]);
    let summary: Value = serde_json::from_slice(&second.raw.stdout).expect("JSON");
    assert_eq!(summary["objects_seen"], 2, "{second}");
}

#[test]
fn status_tells_what_is_held() {
    let context = Context::with_samples();
    let status = context.run(&["status"]);
    let stdout = String::from_utf8_lossy(&status.raw.stdout);
    for line in stdout.lines() {
        assert!(line.chars().count() <= 80, "wider than a terminal: {line}");
    }
    insta::assert_snapshot!("status", status.to_string());
    let json = context.run(&["status", "--json"]);
    assert_eq!((json.code, json.stderr.as_str()), (0, ""));
    let mut status: Value = serde_json::from_slice(&json.raw.stdout).expect("JSON");
    let tables = status["tables"].take();
    let tables = tables.as_array().expect("an array");
    let told: Vec<&str> = tables
        .iter()
        .filter_map(|table| table["table"].as_str())
        .collect();
    let mut known: Vec<&str> = keytrail::schema::TABLES
        .iter()
        .map(|table| table.name)
        .collect();
    known.sort_unstable();
    assert_eq!(told, known);
    let status = serde_json::to_string_pretty(&status).expect("JSON");
    insta::assert_snapshot!("status_json", context.filtered(status.as_bytes()));
}

#[test]
fn event_prints_the_original() {
    let context = Context::with_samples();
    let answers = crate::answers::answers();
    // Of three services' events, one is kept in trail_events; the second's copies differ in member order.
    for duplicate in answers["duplicates"].as_array().expect("an array") {
        let id = duplicate["event_id"].as_str().expect("an id");
        let transcript = context.run(&["event", id]);
        assert_eq!(
            (transcript.code, transcript.stderr.as_str()),
            (0, ""),
            "{transcript}"
        );
        let printed: Value = serde_json::from_slice(&transcript.raw.stdout).expect("JSON");
        assert_eq!(printed, record(duplicate));
    }
    let id = answers["id_conflicts"][0]["event_id"]
        .as_str()
        .expect("an id");
    let transcript = context.run(&["event", id]);
    assert_eq!(transcript.code, 0);
    assert_eq!(
        transcript.stderr,
        "2 events with different content have this id\n"
    );
    let contents: Vec<Value> = transcript
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(contents.len(), 2);
    assert_ne!(contents[0], contents[1]);
    assert!(contents.iter().all(|event| event["eventID"] == id));
}

/// A record of a sample log, as it was written there.
fn record(place: &Value) -> Value {
    let object = place["object"].as_str().expect("a path");
    let path = format!("{REPOSITORY}/sample-logs/{object}");
    let file = std::fs::File::open(path).expect("the samples hold it");
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(file)
        .read_to_string(&mut text)
        .expect("gzip");
    let mut log: Value = serde_json::from_str(&text).expect("JSON");
    let number = place["record"].as_u64().expect("a number");
    log["Records"][usize::try_from(number).expect("a small one")].take()
}

#[test]
fn schema_is_the_documentation() {
    let transcript = Context::new().run(&["schema"]);
    assert_eq!((transcript.code, transcript.stderr.as_str()), (0, ""));
    assert_eq!(transcript.stdout, keytrail::schema::to_markdown());
}

/// Each command that the demo shows can be typed next, and answers the same.
#[test]
fn demo_shows_what_the_commands_answer() {
    for store in [None, Some("./elsewhere")] {
        let context = Context::new();
        let chosen = store.map(|store| ["--store", store]);
        let demo = context.run(
            &[
                &["demo"][..],
                chosen.as_ref().map_or(&[][..], |words| words),
            ]
            .concat(),
        );
        assert_eq!(demo.code, 0, "{demo}");
        let (shown, last) = demo
            .stdout
            .rsplit_once("\nTry these commands yourself")
            .expect("a last line");
        let sections: Vec<(&str, &str)> = shown
            .split("\n$ keytrail ")
            .skip(1)
            .map(|section| section.split_once('\n').expect("a command and its output"))
            .collect();
        let commands: Vec<&str> = sections.iter().map(|(command, _)| *command).collect();
        let place = store.unwrap_or("keytrail-demo/store");
        assert!(last.contains(&format!("the store is `{place}`")), "{last}");
        if store.is_none() {
            insta::assert_snapshot!("demo", commands.join("\n"));
        }
        let mut notes = String::new();
        for (command, output) in &sections[1..] {
            let words: Vec<&str> = command.split(' ').collect();
            assert!(words.contains(&place), "{command}");
            let alone = context.run(&words);
            assert_eq!(alone.stdout.trim_end(), output.trim_end(), "{command}");
            notes.push_str(&alone.stderr);
        }
        assert_eq!(demo.stderr, notes);
        // The logs lie elsewhere, the rest is the same.
        let ingest = Context::new().run(&["ingest", "sample-logs/AWSLogs"]);
        let ingested = sections[0]
            .1
            .replace("[DIR]/keytrail-demo/", "[REPO]/sample-logs/");
        assert_eq!(ingested.trim_end(), ingest.stdout.trim_end());
        let again: Vec<&str> = sections[0].0.split(' ').collect();
        let again = context.run(&again);
        assert!(
            again.stdout.contains("objects known                  121"),
            "{again}"
        );
    }
}

#[test]
fn a_second_demo_finds_the_logs_of_the_first() {
    let context = Context::new();
    for known in [
        "objects known                    0",
        "objects known                  121",
    ] {
        let demo = context.run(&["demo"]);
        assert_eq!(demo.code, 0, "{demo}");
        assert!(demo.stdout.contains(known), "{demo}");
    }
    let mut left: Vec<_> = std::fs::read_dir(context.path())
        .expect("the directory")
        .map(|entry| entry.expect("it can be listed").file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["keytrail-demo", "sample-logs"]);
}

#[test]
fn compaction_adds_up_where_aliases_were_seen_but_not_what_was_done_to_them() {
    let sightings = "select event_date, alias_name, account, region, key_arn, sighting, count, first_time, last_time \
        from alias_sightings order by alias_name, account, region, first_time, sighting, key_arn";
    let (once, context) = (Context::new(), Context::new());
    // The calls of a day come in two runs.
    let mut logs: Vec<_> = walkdir::WalkDir::new(context.path().join("sample-logs/AWSLogs/"))
        .into_iter()
        .map(|entry| entry.expect("it can be listed").into_path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "gz"))
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    logs.sort();
    let ingest = |context: &Context, skipped: usize, step: usize| {
        let files = logs.iter().skip(skipped).step_by(step).map(String::as_str);
        let done = context.run(&["ingest"].into_iter().chain(files).collect::<Vec<_>>());
        // The broken file is planted.
        assert!(matches!(done.code, 0 | 2), "{done}");
    };
    ingest(&once, 0, 1);
    ingest(&context, 0, 2);
    ingest(&context, 1, 2);
    let expected = once.rows(sightings);
    assert!(context.rows(sightings).len() > expected.len());
    let compacted = context.run(&["compact"]);
    assert_eq!(compacted.code, 0, "{compacted}");
    assert_eq!(context.rows(sightings), expected);
}

#[test]
fn compact_and_vacuum_change_no_answer() {
    let context = Context::new();
    for account in ["111122223333", "444455556666", "777788889999"] {
        let ingest = context.run(&[
            "ingest",
            &format!("sample-logs/AWSLogs/o-examplorg1/{account}"),
        ]);
        assert_ne!(ingest.stdout, "", "{ingest}");
    }
    let questions: [&[&str]; 3] = [
        &[
            "sql",
            "select key_arn, caller, outcome, sum(count) from uses_daily group by 1, 2, 3 order by 1, 2, 3",
        ],
        &["report", "unused-keys", "--days", "7"],
        &[
            "sql",
            "select * from kms_events order by event_time, content_hash",
            "--format",
            "csv",
        ],
    ];
    let before: Vec<String> = questions
        .iter()
        .map(|words| context.run(words).stdout)
        .collect();
    let transcripts = [
        context.run(&["compact"]),
        context.run(&["compact"]),
        // What was just replaced is younger than any cutoff.
        context.run(&["vacuum"]),
        context.run(&["vacuum", "--keep-hours", "1", "--force"]),
    ];
    insta::assert_snapshot!("compact_and_vacuum", joined(&transcripts));
    assert!(before.iter().all(|answer| !answer.is_empty()));
    let after: Vec<String> = questions
        .iter()
        .map(|words| context.run(words).stdout)
        .collect();
    assert!(after == before, "compaction changed an answer");
}

/// The horizon is told by the clock: after a day's, all of the sample logs are old.
#[test]
fn retain_gives_up_events_and_keeps_their_counts() {
    const KEY: &str = "8b402961-4718-43ca-8f94-e4fd57328e34";
    let context = Context::with_samples();
    let usage = "select count(*) as n, sum(count) as records from usage_daily";
    let before = context.rows(usage);
    let uses = "select * from uses_daily \
         order by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19";
    let uses_before = context.rows(uses);
    // What is told of aliases is kept: later uses would have no key without it.
    let of_aliases = "select count(*) as n from kms_events \
         where event_name in ('CreateAlias', 'UpdateAlias', 'DeleteAlias')";
    let aliases = context.rows(of_aliases)[0]["n"].as_u64().expect("a number");
    assert!(aliases > 0);
    // So is what changed trails, regions and organizations: what later logs can show rests on it.
    let of_trails = "select count(*) as n from trail_events where event_source in \
         ('account.amazonaws.com', 'cloudtrail.amazonaws.com', 'organizations.amazonaws.com')";
    let trails = context.rows(of_trails)[0]["n"].as_u64().expect("a number");
    assert!(trails > 0);
    let of_key = format!(
        "select count(*) as n from kms_events where event_name in ('CreateAlias', 'UpdateAlias', 'DeleteAlias') or key_arn like '%{KEY}' or destination_key_arn like '%{KEY}' \
         or key_as_typed in (select name from typed_names where key_arn like '%{KEY}') \
         or destination_key_as_typed in (select name from typed_names where key_arn like '%{KEY}')"
    );
    let held = context.rows(&of_key)[0]["n"].as_u64().expect("a number");
    let all = context.rows("select count(*) as n from kms_events");
    let all = all[0]["n"].as_u64().expect("a number");
    assert!(0 < held && held < all);

    let mut transcripts = vec![
        context.run(&["retain"]),
        context.run(&["retain", "--events", "a year"]),
        context.run(&["retain", "--hold", "no-such-key"]),
        context.run(&["retain", "--release", KEY]),
        // Older than KMS: nothing goes.
        context.run(&["retain", "--events", "100y", "--usage", "200y"]),
    ];
    // The message tells a date of the clock's.
    let refused = context.run(&["retain", "--usage", "50y"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    assert!(
        refused
            .stderr
            .contains("it must reach back as far as they do"),
        "{refused}"
    );
    let retain = context.run(&["retain", "--events", "1d", "--hold", KEY]);
    let gone = format!("{} rows removed", all - held);
    assert!(
        retain.stdout.replace(',', "").contains(&gone),
        "{gone}: {retain}"
    );
    transcripts.push(retain);
    transcripts.push(context.run(&["status"]));
    transcripts.push(context.run(&["retain", "--release", KEY, "--json"]));
    insta::assert_snapshot!("retain", joined(&transcripts));

    assert_eq!(context.rows(usage), before);
    assert_eq!(
        context.rows("select count(*) as n from kms_events")[0]["n"],
        aliases
    );
    assert_eq!(context.rows(of_aliases)[0]["n"], aliases);
    let left = context.rows("select count(*) as n from trail_events");
    assert_eq!(left[0]["n"], trails);
    assert_eq!(context.rows(of_trails)[0]["n"], trails);
    // The same logs at another place are read, and nothing of them is taken.
    let samples = std::path::Path::new(REPOSITORY).join("sample-logs/AWSLogs");
    copy(&samples, &context.path().join("copy/AWSLogs"));
    let ingest = context.run(&["ingest", "copy", "--json"]);
    let summary: Value = serde_json::from_slice(&ingest.raw.stdout).expect("JSON");
    // 1,204 rows and 4 duplicates, as in the transcript of `ingest`.
    assert_eq!(
        (&summary["expired"], &summary["rows_written"]),
        (&(1208 - aliases - trails).into(), &0.into())
    );
    assert_eq!(context.rows(usage), before);
    assert_eq!(context.rows(uses), uses_before);
    insta::assert_snapshot!("retain_then_ingest", context.run(&["status"]).to_string());
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.expect("the samples can be listed");
        let path = to.join(entry.path().strip_prefix(from).expect("below it"));
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(path).expect("a folder");
        } else {
            std::fs::copy(entry.path(), path).expect("a copy");
        }
    }
}

/// A table that came with a later keytrail is made and caught up; any other that is missing was lost, and nothing
/// stands in for what it counted.
#[test]
fn a_store_without_one_of_its_tables_says_which() {
    let context = Context::with_samples();
    let aliases =
        "select alias_name, key_arn, valid_from, valid_to from alias_history order by 1, 2, 3";
    let before = context.rows(aliases);
    assert!(!before.is_empty(), "the samples name aliases");
    let ingest = ["ingest", "sample-logs/AWSLogs"];

    std::fs::remove_dir_all(context.store().join("alias_sightings")).expect("a table");
    let read = context.run(&["sql", aliases]);
    assert_eq!(read.code, 2, "{read}");
    let told = "has no table `alias_sightings`: it came with a later keytrail, and the next `keytrail ingest` makes it";
    assert!(read.stderr.contains(told), "{read}");
    let again = context.run(&ingest);
    assert_eq!(again.code, 0, "{again}");
    assert_eq!(context.rows(aliases), before);

    // The months are counted from the days, which outlive the events.
    let months = "select event_month, key, key_role, event_name, outcome, recipient_account_id, region, is_correction,
        sum(count) as count, min(first_time) as first, max(last_time) as last
        from usage_monthly group by 1, 2, 3, 4, 5, 6, 7, 8 order by 1, 2, 3, 4, 5, 6, 7, 8";
    let before = context.rows(months);
    assert!(before.len() > 50, "{}", before.len());
    let retained = context.run(&["retain", "--events", "1d"]);
    assert_eq!(retained.code, 0, "{retained}");
    let held = context.rows("select event_id from kms_events").len();
    assert!(held < 100, "{held} events are left");
    std::fs::remove_dir_all(context.store().join("usage_monthly")).expect("a table");
    assert_eq!(context.run(&ingest).code, 0);
    assert_eq!(context.rows(months), before);

    std::fs::remove_dir_all(context.store().join("usage_daily")).expect("a table");
    let lost = context.run(&ingest);
    assert_eq!(lost.code, 2, "{lost}");
    assert!(lost.stderr.contains("has no table `usage_daily`"), "{lost}");
    assert!(!context.store().join("usage_daily").exists());
}
