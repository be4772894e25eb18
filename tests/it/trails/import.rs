//! `keytrail trails import`.

use std::fs;

use serde_json::{Value, json};

use super::{
    ACCOUNT, LOCAL, MEMBER, WIDE, descriptions, expected, held, members, regions, selectors, status,
};
use crate::context::Context;

fn write(context: &Context, name: &str, told: &Value) {
    let text = serde_json::to_string_pretty(told).expect("JSON");
    fs::write(context.path().join(name), text).expect("a file");
}

/// The command line of AWS prints the same answers, times in words.
#[test]
fn the_output_of_the_command_line_gives_what_a_pull_gives() {
    let context = Context::new();
    write(&context, "trails.json", &descriptions("eu-west-1"));
    write(&context, "wide.json", &selectors(WIDE));
    write(&context, "local.json", &selectors(LOCAL));
    let mut logging = status(WIDE);
    logging["StartLoggingTime"] = "2026-01-01T01:00:00.500000+01:00".into();
    write(&context, "wide-status.json", &logging);
    write(&context, "local-status.json", &status(LOCAL));
    write(
        &context,
        "regions.json",
        &json!({"Regions": regions(ACCOUNT)}),
    );
    write(
        &context,
        "production.json",
        &json!({"Regions": regions(MEMBER)}),
    );
    let mut joined = members();
    joined[1]["JoinedTimestamp"] = "2024-03-09T17:00:00.250000+01:00".into();
    write(&context, "members.json", &json!({"Accounts": joined}));
    let words = [
        "trails",
        "import",
        "wide.json",
        "local.json",
        "wide=wide-status.json",
    ];
    let rest = [
        "local=local-status.json",
        "trails.json",
        "regions.json",
        "members.json",
    ];
    let done = context.run(&[&words[..], &rest, &["--account", ACCOUNT]].concat());
    assert_eq!(done.code, 0, "{done}");
    let done = context.run(&["trails", "import", "production.json", "--account", MEMBER]);
    assert_eq!(done.code, 0, "{done}");
    assert_eq!(held(&context), expected());
}

#[test]
fn a_file_that_is_something_else_is_refused_and_makes_no_store() {
    let context = Context::new();
    let refused = |name: &str, text: &str, expected: &str| {
        fs::write(context.path().join(name), text).expect("a file");
        let done = context.run(&["trails", "import", name, "--account", ACCOUNT]);
        assert_eq!(done.code, 2, "{done}");
        let start = format!("error: `{name}` is not taken: {expected}");
        assert!(done.stderr.starts_with(&start), "{done}");
        assert!(!context.store().exists(), "{done}");
    };
    refused("page.html", "<html>", "it is no JSON: ");
    refused("cut.json", r#"{"trailList": [{"Name": "#, "it is no JSON: ");
    let other = "it is no answer of describe-trails, get-event-selectors, get-trail-status, list-regions or list-accounts";
    refused(
        "identity.json",
        r#"{"UserId": "AIDA", "Account": "111122223333"}"#,
        other,
    );
    refused("list.json", "[]", other);
    // `aws ec2 describe-regions` looks alike.
    refused(
        "ec2.json",
        r#"{"Regions": [{"RegionName": "eu-west-1", "OptInStatus": "opt-in-not-required"}]}"#,
        "a region in it has no RegionName or no RegionOptStatus",
    );
    refused(
        "first-page.json",
        r#"{"Accounts": [], "NextToken": "more"}"#,
        "the list is incomplete: it has a NextToken",
    );
    let done = context.run(&["trails", "import", "nowhere.json"]);
    assert_eq!(done.code, 2, "{done}");
    assert!(
        done.stderr.starts_with("error: cannot read `nowhere.json`"),
        "{done}"
    );
}
