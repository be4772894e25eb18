//! What `unused-keys` says above its rows: of how many keys, which were left out and why, and of one that was asked for.

use serde_json::{Value, json};

use super::{
    ALICE, KEY_A, KEY_B, MRK_EU, MRK_ID, MRK_US, OTHER, OWNER, answer, context, context_of_rollups,
    context_with, event, request, summary,
};
use crate::report::{Filters, Request};
use crate::schema;

/// Further keys of the owner.
const CREATED: &str = "arn:aws:kms:eu-west-1:111111111111:key/cccccccc-0000-0000-0000-000000000003";
const DELETED: &str = "arn:aws:kms:eu-west-1:111111111111:key/dddddddd-0000-0000-0000-000000000004";
const REFUSED: &str = "arn:aws:kms:eu-west-1:111111111111:key/eeeeeeee-0000-0000-0000-000000000005";
/// A key of an account of which no log is held.
const FOREIGN: &str = "arn:aws:kms:eu-west-1:999999999999:key/ffffffff-0000-0000-0000-000000000006";

const SILENT: &str = "unused keys of an account and region whose log shows no use of any key in the window, so that uses may \
                      not be logged there: ";

fn call(time: &str, key: &str, name: &str) -> Value {
    event(
        &format!("2026-{time}:00Z"),
        json!({"key_arn": key, "event_name": name}),
    )
}

/// Of each kind one key, for a window that begins on 2026-03-02.
fn one_of_each() -> Vec<Value> {
    vec![
        call("01-01T10:00", KEY_A, "Decrypt"),
        call("01-01T10:00", KEY_B, "Decrypt"),
        call("03-05T10:00", KEY_B, "Decrypt"),
        call("03-13T10:00", CREATED, "CreateKey"),
        call("03-20T10:00", CREATED, "DescribeKey"),
        call("01-02T10:00", DELETED, "CreateKey"),
        call("03-10T10:00", DELETED, "Decrypt"),
        call("03-11T10:00", DELETED, "ScheduleKeyDeletion"),
        call("03-18T10:30", DELETED, "DeleteKey"),
        event(
            "2026-03-05T00:00:00Z",
            json!({"key_arn": REFUSED, "outcome": "denied"}),
        ),
        // Alice's own log tells of it, the log of the key's account is not here.
        call("01-05T10:00", FOREIGN, "Decrypt"),
    ]
}

fn month(arguments: &[(&str, &str)]) -> Request {
    request(Some("2026-03-02"), "2026-03-31", arguments)
}

#[tokio::test]
async fn keys_that_cannot_be_unused_are_left_out_and_counted() {
    let expected = [
        "4 keys of your 1 account seen in logs: 1 used, 1 unused, 1 deleted, 1 younger than the window".to_owned(),
        format!("left out, deleted: 1 ({DELETED} on 2026-03-18)"),
        format!("left out, younger than the window: 1 ({CREATED} created 2026-03-13)"),
        format!("left out, named only in refused calls or dry runs, so that they may not exist: 1 ({REFUSED})"),
        format!("left out, not of your accounts: 1 ({FOREIGN})"),
    ];
    // A deletion and a creation are known from the counts, too.
    for context in [
        context(one_of_each()).await,
        context_of_rollups(one_of_each()).await,
    ] {
        let (rows, _) = answer(&context, "unused-keys", &month(&[]), &["key_arn"]).await;
        assert_eq!(rows, [KEY_A]);
        assert_eq!(
            summary(&context, "unused-keys", &month(&[])).await,
            expected
        );
    }
}

#[tokio::test]
async fn a_key_is_old_enough_from_the_second_on_at_which_the_window_begins() {
    for (since, is_young) in [
        ("2026-03-13T10:00:00Z", true),
        ("2026-03-13T10:00:01Z", false),
    ] {
        let context = context(one_of_each()).await;
        let request = request(Some(since), "2026-03-31", &[]);
        let (rows, _) = answer(&context, "unused-keys", &request, &["key_arn"]).await;
        assert_eq!(!rows.contains(&CREATED.to_owned()), is_young, "{since}");
    }
}

/// The data of a replica is that of its primary, and a set is as old as the oldest of its keys.
#[tokio::test]
async fn a_new_replica_of_an_old_key_is_not_young() {
    let replica = |time: &str| {
        event(
            time,
            json!({"key_arn": MRK_EU, "destination_key_arn": MRK_US, "event_name": "ReplicateKey"}),
        )
    };
    let old = vec![
        call("01-01T10:00", MRK_EU, "CreateKey"),
        replica("2026-03-13T10:00:00Z"),
    ];
    let (rows, _) = answer(
        &context(old).await,
        "unused-keys",
        &month(&[]),
        &["key_arn"],
    )
    .await;
    assert_eq!(rows, [MRK_EU, MRK_US]);
    let new = vec![
        call("03-10T10:00", MRK_EU, "CreateKey"),
        replica("2026-03-13T10:00:00Z"),
    ];
    let (rows, _) = answer(
        &context(new).await,
        "unused-keys",
        &month(&[]),
        &["key_arn"],
    )
    .await;
    assert_eq!(rows, Vec::<String>::new());
}

#[tokio::test]
async fn your_accounts_are_those_of_the_list_and_need_logs() {
    let elsewhere = KEY_A.replace(OWNER, OTHER);
    let unlogged = KEY_A.replace(OWNER, "333333333333");
    let events = vec![
        call("01-01T10:00", KEY_A, "Decrypt"),
        // The log of the other account is here, but no list has the account.
        event(
            "2026-01-01T00:00:00Z",
            json!({"key_arn": elsewhere, "recipient_account_id": OTHER}),
        ),
        call("01-01T10:00", &unlogged, "Decrypt"),
    ];
    let account = |id: &str| json!({"account_id": id, "name": "shop", "taken_at": "2026-01-01T00:00:00Z", "run_id": "r"});
    let list = [
        account(OWNER),
        account("333333333333"),
        account("444444444444"),
    ];
    let context = context_with(events, &schema::ACCOUNTS, &list).await;
    let (rows, _) = answer(&context, "unused-keys", &month(&[]), &["key_arn"]).await;
    assert_eq!(rows, [KEY_A]);
    let expected = [
        "1 key of your 1 account seen in logs: 0 used, 1 unused".to_owned(),
        format!("left out, not of your accounts: 1 ({elsewhere})"),
        format!("left out, no log of their account in the store: 1 ({unlogged})"),
        "your accounts without a log in the store, of whose keys nothing is known: 2 (333333333333, 444444444444)".to_owned(),
        format!("{SILENT}1"),
        "no KMS event of the window is in the store: no key was used only if its logs are complete (keytrail report coverage)"
            .to_owned(),
    ];
    assert_eq!(
        summary(&context, "unused-keys", &month(&[])).await,
        expected
    );
    // Of an account that is filtered for, only its own keys are counted.
    let mut narrowed = month(&[]);
    narrowed.filters.account = Some("333333333333".to_owned());
    let said = summary(&context, "unused-keys", &narrowed).await;
    assert_eq!(said[0], expected[2], "{said:?}");
}

#[tokio::test]
async fn more_than_three_keys_left_out_are_counted_and_three_are_named() {
    let keys: Vec<String> = (1..=5)
        .map(|n| KEY_A.replace("000000000001", &format!("00000000000{n}")))
        .collect();
    let events = keys.iter().map(|key| call("03-13T10:00", key, "CreateKey"));
    let said = summary(&context(events.collect()).await, "unused-keys", &month(&[])).await;
    let named = keys[..3].join(" created 2026-03-13, ");
    let expected = format!("left out, younger than the window: 5 ({named} created 2026-03-13, …)");
    assert_eq!(said[1], expected);
}

#[tokio::test]
async fn a_key_that_is_asked_for_is_told_of_also_where_it_has_no_row() {
    let never = "; no log shows a use";
    for (key, rows, told) in [
        (
            KEY_B,
            0,
            format!("used in the window; last used at 2026-03-05T10:00:00Z by {ALICE}"),
        ),
        (
            KEY_A,
            1,
            format!("not used in the window; last used at 2026-01-01T10:00:00Z by {ALICE}"),
        ),
        (
            DELETED,
            0,
            format!(
                "deleted at 2026-03-18T10:30:00Z; last used at 2026-03-10T10:00:00Z by {ALICE}"
            ),
        ),
        (
            CREATED,
            0,
            format!(
                "not used, but younger than the window: created at 2026-03-13T10:00:00Z{never}"
            ),
        ),
        (
            REFUSED,
            0,
            format!(
                "not judged, because only refused calls or dry runs name it: it may not exist{never}"
            ),
        ),
        (
            FOREIGN,
            0,
            format!(
                "not judged, because its account is not yours; last used at 2026-01-05T10:00:00Z by {ALICE}"
            ),
        ),
    ] {
        let context = context(one_of_each()).await;
        let asked = month(&[("key", key)]);
        let (found, _) = answer(&context, "unused-keys", &asked, &["key_arn"]).await;
        assert_eq!(found.len(), rows, "{key}");
        assert_eq!(
            summary(&context, "unused-keys", &asked).await,
            [format!("{key}: {told}")]
        );
    }
}

#[tokio::test]
async fn a_set_that_is_asked_for_is_used_where_one_of_its_members_is() {
    let events = vec![
        call("01-01T10:00", MRK_EU, "Decrypt"),
        event(
            "2026-03-05T00:00:00Z",
            json!({"key_arn": MRK_US, "region": "us-east-1"}),
        ),
    ];
    let told = format!(
        "used in the window; last used at 2026-03-05T00:00:00Z by {ALICE} (multi-Region set, 2 known: eu-west-1, us-east-1)"
    );
    let context = context(events).await;
    let said = summary(&context, "unused-keys", &month(&[("key", MRK_ID)])).await;
    assert_eq!(
        said,
        [format!("{MRK_EU}: {told}"), format!("{MRK_US}: {told}")]
    );
    let said = summary(&context, "unused-keys", &month(&[("key", MRK_EU)])).await;
    assert_eq!(said, [format!("{MRK_EU}: {told}")]);
}

#[tokio::test]
async fn a_name_that_no_log_resolves_is_not_judged() {
    let events = vec![
        call("01-01T10:00", KEY_A, "Decrypt"),
        event(
            "2026-03-05T00:00:00Z",
            json!({"key_as_typed": "alias/nobody", "outcome": "not_found"}),
        ),
    ];
    let context = context(events).await;
    let said = summary(&context, "unused-keys", &month(&[("key", "alias/nobody")])).await;
    assert_eq!(
        said[0],
        "alias/nobody: not judged, because it is typed in calls only, and no log shows that there is such a key"
    );
}

#[tokio::test]
async fn a_window_beside_the_logs_is_never_answered_as_if_all_keys_were_used() {
    let context = context(one_of_each()).await;
    let said = async |since: &str, until: &str, key: &[(&str, &str)]| {
        summary(&context, "unused-keys", &request(Some(since), until, key)).await
    };
    let before = said("2025-11-01", "2025-12-01", &[]).await;
    let expected = [
        "0 keys of your 1 account seen in logs: 0 used, 0 unused",
        "the logs begin at 2026-01-01T10:00:00Z, after the window ends: nothing is known of it",
    ];
    assert_eq!(before, expected);
    let before = said("2025-11-01", "2025-12-01", &[("key", KEY_A)]).await;
    assert_eq!(
        before,
        [
            format!("{KEY_A}: no log names it before the end of the window"),
            expected[1].to_owned()
        ]
    );
    let across = said("2025-12-31", "2026-01-01", &[]).await;
    assert_eq!(
        across[0],
        "2 keys of your 1 account seen in logs: 2 used, 0 unused"
    );
    assert!(
        across[1].starts_with("the logs begin at 2026-01-01T10:00:00Z, after the window does: "),
        "{across:?}"
    );
    // Fewer than a day of the window has logs, so that no number of days can be advised.
    assert!(across[1].ends_with("counts as used"), "{across:?}");
    let after = said("2027-01-01", "2027-01-31", &[]).await;
    assert_eq!(
        after[0],
        "4 keys of your 1 account seen in logs: 0 used, 3 unused, 1 deleted"
    );
    assert_eq!(after[4], format!("{SILENT}3"), "{after:?}");
    assert!(
        after[5].starts_with("no KMS event of the window is in the store: "),
        "{after:?}"
    );
    let asked = said("2027-01-01", "2027-01-31", &[("key", KEY_B)]).await;
    assert!(
        asked[0].ends_with("so that uses may not be logged there"),
        "{asked:?}"
    );
}

/// What else keeps a key from being deleted: who fetched the public key, which grants are open, how old it is.
#[tokio::test]
async fn an_unused_key_is_told_with_its_public_key_its_grants_and_its_age() {
    let grant = |time: &str, name: &str, id: &str| {
        event(
            time,
            json!({"key_arn": KEY_A, "event_name": name, "grant_id": id}),
        )
    };
    let events = vec![
        call("01-01T00:00", KEY_A, "CreateKey"),
        call("01-02T00:00", KEY_A, "GetPublicKey"),
        event(
            "2026-01-03T00:00:00Z",
            json!({"key_arn": KEY_A, "event_name": "GetPublicKey", "outcome": "denied"}),
        ),
        grant("2026-01-04T00:00:00Z", "CreateGrant", "open"),
        grant("2026-01-05T00:00:00Z", "CreateGrant", "retired"),
        grant("2026-01-06T00:00:00Z", "CreateGrant", "revoked"),
        grant("2026-01-07T00:00:00Z", "RetireGrant", "retired"),
        grant("2026-01-08T00:00:00Z", "RevokeGrant", "revoked"),
        call("01-09T00:00", KEY_A, "DisableKey"),
        call("01-01T00:00", KEY_B, "DescribeKey"),
        call("01-01T00:00", MRK_US, "GetPublicKey"),
        call("01-01T00:00", MRK_EU, "DescribeKey"),
    ];
    let columns = [
        "key_arn",
        "state",
        "age_days",
        "public_key_fetched",
        "open_grants",
    ];
    // The roll-up tells that grants were made, and not which of them ended.
    for (context, grants) in [
        (context(events.clone()).await, "1"),
        (context_of_rollups(events).await, "-"),
    ] {
        let (rows, _) = answer(&context, "unused-keys", &month(&[]), &columns).await;
        // 2026-01-01 to 2026-04-01.
        let expected = [
            format!("{KEY_A} | Disabled | 90 | 2026-01-02T00:00:00Z | {grants}"),
            format!("{KEY_B} | - | - | - | 0"),
            format!("{MRK_EU} | - | - | 2026-01-01T00:00:00Z | 0"),
            format!("{MRK_US} | - | - | 2026-01-01T00:00:00Z | 0"),
        ];
        assert_eq!(rows, expected);
    }
}

/// What tells no key can be of any key of its account and region, and of no other.
#[tokio::test]
async fn notes_are_about_the_keys_that_the_filters_leave() {
    let account = |id: &str, owner: &str| {
        json!({
            "account_id": id, "taken_at": "2026-02-01T00:00:00Z", "run_id": "r", "name": owner, "owner": owner, "ou_path": owner,
        })
    };
    let nameless = |account: &str, region: &str| {
        event(
            "2026-03-05T00:00:00Z",
            json!({"recipient_account_id": account, "region": region}),
        )
    };
    let mut events = vec![
        event(
            "2026-03-03T00:00:00Z",
            json!({
                "key_arn": KEY_A, "event_name": "TagResource",
                "request": r#"{"tags":[{"tagKey":"team","tagValue":"web"}]}"#,
            }),
        ),
        nameless(OWNER, "eu-west-1"),
        nameless(OWNER, "us-east-1"),
        nameless(OTHER, "eu-west-1"),
        nameless(OTHER, "eu-west-1"),
    ];
    events.extend(one_of_each());
    let accounts = [account(OWNER, "web"), account(OTHER, "data")];
    let context = context_with(events, &schema::ACCOUNTS, &accounts).await;
    let text = |value: &str| Some(value.to_owned());
    for (filters, expected) in [
        (Filters::default(), "4"),
        (
            Filters {
                owner: text("web"),
                ..Filters::default()
            },
            "2",
        ),
        (
            Filters {
                ou: text("data"),
                ..Filters::default()
            },
            "2",
        ),
        (
            Filters {
                account: text("web"),
                region: text("us-east-1"),
                ..Filters::default()
            },
            "1",
        ),
        (
            Filters {
                tags: vec!["team=web".to_owned()],
                ..Filters::default()
            },
            "1",
        ),
    ] {
        let asked = format!("{filters:?}");
        let request = Request {
            filters,
            ..month(&[])
        };
        let (_, notes) = answer(&context, "unused-keys", &request, &["key_arn"]).await;
        let told = notes.iter().find_map(|note| {
            let count = note.strip_prefix("unresolved: ")?.split(' ').next();
            count.filter(|_| note.contains(" no known key; each could be of one of these keys"))
        });
        assert_eq!(told, Some(expected), "{asked}");
    }
}
