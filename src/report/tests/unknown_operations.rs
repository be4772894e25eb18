//! Operations of KMS that are in no list: neither a use nor management, and never silent.

use serde_json::{Value, json};

use super::{
    ALICE, KEY_A, KEY_B, MRK_EU, MRK_US, OTHER, OWNER, answer, context, context_of_rollups, event,
    query, request, summary,
};

/// The note on unknown operations that succeeded, each with its number of calls.
fn note(calls: &str) -> String {
    let counts = calls
        .split([' ', ','])
        .filter_map(|word| word.parse::<u32>().ok());
    let (these, uses) = match counts.sum::<u32>() {
        1 => ("1 call uses an operation".to_owned(), "a use"),
        count => (format!("{count} calls use operations"), "uses"),
    };
    format!("unknown-operations: {these} that this version does not know ({calls}); may be {uses}")
}

fn call(time: &str, name: &str, key: &str) -> Value {
    event(time, json!({"event_name": name, "key_arn": key}))
}

fn old(key: &str) -> Value {
    call("2026-01-01T10:00:00Z", "Decrypt", key)
}

/// Rows and notes of unused-keys for 30 days from 2026-03-02 on, from events and from roll-ups alone.
async fn check_unused(
    events: Vec<Value>,
    expected: &[String],
    left_out: &[String],
    notes: &[String],
) {
    let request = request(None, "2026-03-31", &[("days", "30")]);
    let columns = ["key_arn", "last_use", "failed_attempts"];
    let may_be_used =
        "left out, may have been used by operations that this version of keytrail does not know: ";
    for context in [
        context(events.clone()).await,
        context_of_rollups(events).await,
    ] {
        let (rows, told) = answer(&context, "unused-keys", &request, &columns).await;
        assert_eq!(rows, expected);
        assert_eq!(told, notes);
        let said = summary(&context, "unused-keys", &request).await;
        let said: Vec<_> = said
            .iter()
            .filter_map(|line| line.strip_prefix(may_be_used))
            .collect();
        assert_eq!(said, left_out);
    }
}

#[tokio::test]
async fn unused_is_in_doubt_where_an_unknown_operation_was_called() {
    let mut refused = call("2026-03-07T00:00:00Z", "FutureCrypt", KEY_B);
    refused["outcome"] = json!("denied");
    let mut probed = call("2026-03-08T00:00:00Z", "FutureCrypt", MRK_EU);
    probed["is_dry_run"] = json!(true);
    let events = vec![
        old(KEY_A),
        call("2026-03-05T00:00:00Z", "FutureCrypt", KEY_A),
        call("2026-03-06T00:00:00Z", "FutureCrypt", KEY_A),
        call("2026-03-06T00:00:00Z", "AnotherOne", KEY_A),
        old(KEY_B),
        refused,
        // Neither says anything of a use in the window.
        old(MRK_EU),
        call("2026-02-01T00:00:00Z", "FutureCrypt", MRK_EU),
        probed,
    ];
    check_unused(
        events,
        &[format!("{MRK_EU} | 2026-01-01T10:00:00Z | 0")],
        &[format!(
            "2 ({KEY_A} by AnotherOne, FutureCrypt, {KEY_B} by FutureCrypt)"
        )],
        &[note("FutureCrypt 2, AnotherOne 1")],
    )
    .await;
}

/// What names no key may be a use of any.
#[tokio::test]
async fn an_unknown_operation_without_a_key_is_told() {
    let mut nameless = call("2026-03-05T00:00:00Z", "FutureCrypt", KEY_A);
    nameless["key_arn"] = json!(null);
    let told = "unknown-operations: 1 call of an unknown operation names no known key; each could use one of these keys";
    check_unused(
        vec![old(KEY_B), nameless],
        &[format!("{KEY_B} | 2026-01-01T10:00:00Z | 0")],
        &[],
        &[told.to_owned(), note("FutureCrypt 1")],
    )
    .await;
}

#[tokio::test]
async fn a_set_is_in_doubt_as_a_whole() {
    let mut replica = call("2026-03-05T00:00:00Z", "FutureSign", MRK_US);
    replica["region"] = json!("us-east-1");
    check_unused(
        vec![old(MRK_EU), replica],
        &[],
        &[format!(
            "2 ({MRK_EU} by FutureSign, {MRK_US} by FutureSign)"
        )],
        &[note("FutureSign 1")],
    )
    .await;
}

/// What the key that was never used had done to it by an operation of 2026-10, and by an audit tool.
#[tokio::test]
async fn encapsulate_and_decapsulate_are_uses_and_reads_are_none() {
    let mut refused = call("2026-03-09T00:00:00Z", "Decapsulate", KEY_B);
    refused["outcome"] = json!("denied");
    let events = vec![
        old(KEY_A),
        call("2026-03-05T00:00:00Z", "Decapsulate", KEY_A),
        old(MRK_EU),
        call("2026-03-05T00:00:00Z", "Encapsulate", MRK_EU),
        old(KEY_B),
        refused,
        call("2026-03-10T00:00:00Z", "GetKeyLastUsage", KEY_B),
        call("2026-03-10T00:00:00Z", "SynchronizeMultiRegionKey", KEY_B),
        call("2026-03-10T00:00:00Z", "ListKeyRotations", KEY_B),
    ];
    check_unused(
        events,
        &[format!("{KEY_B} | 2026-01-01T10:00:00Z | 1")],
        &[],
        &[],
    )
    .await;
}

#[tokio::test]
async fn who_used_and_operations_count_them_apart() {
    let mut failed = call("2026-01-04T00:00:00Z", "FutureCrypt", KEY_A);
    failed["outcome"] = json!("denied");
    let events = vec![
        call("2026-01-01T00:00:00Z", "Decapsulate", KEY_A),
        call("2026-01-02T00:00:00Z", "Encapsulate", KEY_A),
        call("2026-01-03T00:00:00Z", "FutureCrypt", KEY_A),
        failed,
        call("2026-01-05T00:00:00Z", "DescribeKey", KEY_A),
        call("2026-01-05T00:00:00Z", "FutureCrypt", KEY_B),
    ];
    let context = context(events).await;
    let request_of = |arguments: &[(&str, &str)]| request(None, "2026-12-31", arguments);
    let columns = [
        "kind",
        "caller",
        "operations",
        "successes",
        "other_calls",
        "failures",
    ];
    let (rows, told) = answer(
        &context,
        "who-used",
        &request_of(&[("key", KEY_A)]),
        &columns,
    )
    .await;
    assert_eq!(
        rows,
        [
            format!("use | {ALICE} | Decapsulate 1, Encapsulate 1 | 2 | 0 | 0"),
            format!("unknown | {ALICE} | FutureCrypt 1 | 0 | 1 | 1"),
            format!("management | {ALICE} | DescribeKey 1 | 0 | 1 | 0"),
        ]
    );
    assert_eq!(told, [note("FutureCrypt 1")]);
    let columns = ["operation", "kind", "successes", "failures", "keys"];
    let (rows, told) = answer(&context, "operations", &request_of(&[]), &columns).await;
    assert_eq!(
        rows,
        [
            "Decapsulate | use | 1 | - | 1",
            "Encapsulate | use | 1 | - | 1",
            "FutureCrypt | unknown | 2 | denied 1 | 2",
            "DescribeKey | management | 1 | - | 1",
        ]
    );
    assert_eq!(told, [note("FutureCrypt 2")]);
    let (rows, told) = answer(
        &context,
        "top-callers",
        &request_of(&[]),
        &["caller", "uses", "failed"],
    )
    .await;
    assert_eq!(rows, [format!("{ALICE} | 2 | 0")]);
    assert_eq!(told, [note("FutureCrypt 2")]);
}

/// Without a name an operation is as unknown as can be.
#[tokio::test]
async fn a_record_without_an_operation_is_unknown() {
    let events = vec![
        event(
            "2026-01-01T00:00:00Z",
            json!({"event_name": null, "key_arn": KEY_A}),
        ),
        call("2026-01-02T00:00:00Z", "", KEY_A),
    ];
    let context = context(events).await;
    let rows = query(
        &context,
        "SELECT kind, count(*) AS n FROM key_uses GROUP BY kind",
        &["kind", "n"],
    )
    .await;
    assert_eq!(rows, ["unknown | 2"]);
    let rows = query(
        &context,
        "SELECT * FROM unknown_operations ORDER BY event_name NULLS FIRST",
        &["event_name", "records", "successes", "keys", "first_time"],
    )
    .await;
    assert_eq!(
        rows,
        [
            "- | 1 | 1 | 1 | 2026-01-01T00:00:00Z",
            " | 1 | 1 | 1 | 2026-01-02T00:00:00Z"
        ]
    );
}

/// An operation that may open the key is followed as one that does.
#[tokio::test]
async fn blast_radius_follows_them() {
    let bob = format!("arn:aws:iam::{OWNER}:role/bob");
    let by_bob = |name: &str, key: &str| {
        let mut row = call("2026-02-03T00:00:00Z", name, key);
        row["caller"] = json!(bob);
        row
    };
    let held = |key: &str, resource: &str| {
        event(
            "2026-01-01T00:00:00Z",
            json!({"event_name": "Encrypt", "key_arn": key, "resource": resource, "resource_list": [resource]}),
        )
    };
    let events = vec![
        held(KEY_A, "r-of-a"),
        held(KEY_B, "r-of-b"),
        held(MRK_EU, "r-of-set"),
        by_bob("FutureCrypt", KEY_A),
        by_bob("Decapsulate", MRK_EU),
        by_bob("DescribeKey", KEY_B),
    ];
    let context = context(events).await;
    let request = request(Some("2026-02-01"), "2026-02-19", &[("principal", &bob)]);
    let columns = ["what", "name", "reach", "via"];
    let (rows, _) = answer(&context, "blast-radius", &request, &columns).await;
    assert_eq!(
        rows,
        [
            format!("principal | {bob} | used | -"),
            format!("key | {MRK_EU} | used | -"),
            format!("key | {KEY_A} | unknown | -"),
            format!("key | {KEY_B} | managed | -"),
            format!("resource | r-of-a | within reach | {KEY_A}"),
            format!("resource | r-of-set | within reach | {MRK_EU}"),
        ]
    );
}

#[tokio::test]
async fn the_timeline_adds_them_up_apart() {
    let mut failed = call("2026-01-04T00:00:00Z", "FutureCrypt", KEY_A);
    failed["outcome"] = json!("denied");
    let events = vec![
        call("2026-01-01T00:00:00Z", "CreateKey", KEY_A),
        call("2026-01-02T00:00:00Z", "Decapsulate", KEY_A),
        call("2026-01-03T00:00:00Z", "FutureCrypt", KEY_A),
        failed,
        call("2026-01-05T00:00:00Z", "GetKeyLastUsage", KEY_A),
        call("2026-01-06T00:00:00Z", "DisableKey", KEY_A),
    ];
    let context = context(events).await;
    let request = request(None, "2026-12-31", &[("key", KEY_A)]);
    let columns = ["event_time", "what", "calls", "detail"];
    let (rows, told) = answer(&context, "key-timeline", &request, &columns).await;
    assert_eq!(
        rows,
        [
            "2026-01-01T00:00:00Z | CreateKey | - | ",
            "2026-01-02T00:00:00Z | uses | 1 | Decapsulate 1 until 2026-01-02T00:00:00Z",
            "2026-01-03T00:00:00Z | unknown operations | 2 | FutureCrypt 1, FutureCrypt denied 1 until 2026-01-04T00:00:00Z",
            "2026-01-06T00:00:00Z | DisableKey | - | -",
        ]
    );
    assert_eq!(told, [note("FutureCrypt 1")]);
}

#[tokio::test]
async fn other_accounts_are_told_of_them() {
    let mut foreign = call("2026-01-01T00:00:00Z", "FutureCrypt", KEY_A);
    foreign["caller"] = json!(format!("account:{OTHER}"));
    let context = context(vec![foreign]).await;
    let request = request(None, "2026-12-31", &[]);
    let columns = ["uses", "failed", "managed"];
    let (rows, told) = answer(&context, "cross-account", &request, &columns).await;
    assert_eq!(rows, ["0 | 0 | 0"]);
    assert_eq!(told.last(), Some(&note("FutureCrypt 1")));
}

/// The resource of an unknown operation stays in the roll-up, which outlives the events.
#[tokio::test]
async fn their_resources_do_not_vanish() {
    let on = |name: &str, resource: &str| {
        event(
            "2026-01-01T00:00:00Z",
            json!({"event_name": name, "key_arn": KEY_A, "resource": resource, "resource_list": [resource]}),
        )
    };
    let events = vec![
        on("FutureCrypt", "r1"),
        on("Decapsulate", "r2"),
        on("Encapsulate", "r2"),
        on("DescribeKey", "r3"),
        on("CreateGrant", "r4"),
    ];
    let request = request(None, "2026-12-31", &[]);
    for context in [
        context(events.clone()).await,
        context_of_rollups(events).await,
    ] {
        let (rows, told) =
            answer(&context, "resources", &request, &["resource", "operations"]).await;
        assert_eq!(
            rows,
            [
                "r1 | unknown 1",
                "r2 | encrypt 1, decrypt 1",
                "r4 | grant 1"
            ]
        );
        assert_eq!(told, [note("FutureCrypt 1")]);
    }
}

/// A filter narrows the note as it narrows the rows, and the window does.
#[tokio::test]
async fn the_note_is_about_what_was_asked() {
    let mut elsewhere = call("2026-01-10T00:00:00Z", "FutureSign", MRK_US);
    elsewhere["region"] = json!("us-east-1");
    let events = vec![
        call("2026-01-01T00:00:00Z", "Decrypt", KEY_A),
        call("2026-01-01T00:00:00Z", "Decrypt", KEY_B),
        call("2026-01-02T00:00:00Z", "FutureCrypt", KEY_A),
        elsewhere,
    ];
    let context = context(events).await;
    let columns = ["caller"];
    for (since, key, region, expected) in [
        (None, None, None, Some("FutureCrypt 1, FutureSign 1")),
        (Some("2026-01-05"), None, None, Some("FutureSign 1")),
        (Some("2026-01-11"), None, None, None),
        (None, Some(KEY_A), None, Some("FutureCrypt 1")),
        (None, Some(KEY_B), None, None),
        (None, None, Some("us-east-1"), Some("FutureSign 1")),
    ] {
        let arguments: Vec<_> = key.map(|key| ("key", key)).into_iter().collect();
        let mut request = request(since, "2026-12-31", &arguments);
        request.filters.region = region.map(str::to_owned);
        let (_, told) = answer(&context, "top-callers", &request, &columns).await;
        let told: Vec<_> = told
            .iter()
            .filter(|text| text.starts_with("unknown-operations: "))
            .collect();
        let expected: Vec<_> = expected.map(note).into_iter().collect();
        assert_eq!(told, expected.iter().collect::<Vec<_>>());
    }
}
