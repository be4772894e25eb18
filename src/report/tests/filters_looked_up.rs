//! The filters that look up accounts and tags, and every filter in the reports.

use datafusion::prelude::SessionContext;
use serde_json::{Value, json};

use super::filters::{BOB, ask, records};
use super::{ALICE, KEY_A, KEY_B, MRK_US, OTHER, OWNER, context as context_of, event, request};
use crate::report::{Filters, Request};

/// A list of accounts as it was imported, and one before it.
fn accounts() -> Vec<Value> {
    let row = |time: &str, id: &str, name: &str, ou: Option<&str>, owner: &str| json!({"account_id": id, "taken_at": time, "run_id": time, "name": name, "ou_path": ou, "owner": owner});
    vec![
        row(
            "2026-01-01T00:00:00Z",
            OWNER,
            "before",
            Some("Root"),
            "nobody",
        ),
        row(
            "2026-02-01T00:00:00Z",
            OWNER,
            "shop",
            Some("Root/Prod/Web"),
            "web",
        ),
        row(
            "2026-02-01T00:00:00Z",
            OTHER,
            "lake",
            Some("Root/Production"),
            "data",
        ),
        row("2026-02-01T00:00:00Z", "333333333333", "twin", None, "data"),
        row(
            "2026-02-01T00:00:00Z",
            "444444444444",
            "twin",
            Some("Root/Test"),
            "web",
        ),
    ]
}

async fn context_of_accounts() -> SessionContext {
    super::context_with(records(), &crate::schema::ACCOUNTS, &accounts()).await
}

async fn counted(context: &SessionContext, filters: Filters) -> (String, Vec<String>) {
    let request = Request {
        filters,
        ..Request::default()
    };
    let sql = "SELECT count(*) AS rows FROM scope_uses";
    match ask(context, sql, &request).await {
        Ok((rows, caveats)) => (rows.concat(), caveats),
        Err(error) => (error.to_string(), Vec::new()),
    }
}

#[tokio::test]
async fn accounts_go_by_name_owner_and_organizational_unit() {
    let context = context_of_accounts().await;
    let text = |value: &str| Some(value.to_owned());
    let of = |account: &str| Filters {
        account: text(account),
        ..Filters::default()
    };
    let owner = |owner: &str| Filters {
        owner: text(owner),
        ..Filters::default()
    };
    let ou = |ou: &str| Filters {
        ou: text(ou),
        ..Filters::default()
    };
    let unseen = |ids: &str| {
        vec![format!(
            "no-logs: 1 account has no logs, so nothing is known of it: {ids}"
        )]
    };
    for (filters, expected, caveats) in [
        (of("lake"), "2", vec![]),
        (of("shop"), "7", vec![]),
        (
            of("before"),
            "nothing in the store has `--account before`",
            vec![],
        ),
        (
            of("twin"),
            "`--account twin` can mean any of 2\n\nhint: give one in full\n  333333333333\n  444444444444 Root/Test",
            vec![],
        ),
        (of("333333333333"), "0", unseen("333333333333 (twin)")),
        // The key's account: bob's use of the owner's key is in here, what he did without a key is not.
        (owner("web"), "8", unseen("444444444444 (twin)")),
        (owner("data"), "1", unseen("333333333333 (twin)")),
        (
            owner("nobody"),
            "nothing in the store has `--owner nobody`",
            vec![],
        ),
        (ou("Root/Prod"), "8", vec![]),
        (ou("/Root/Prod/Web/"), "8", vec![]),
        (ou("Root"), "9", unseen("444444444444 (twin)")),
        (
            ou("Prod"),
            "nothing in the store has `--ou Prod`\n\nhint: nearest\n  Root/Prod\n  Root/Production\n  Root/Prod/Web",
            vec![],
        ),
        (
            Filters {
                owner: text("data"),
                ..ou("Root/Prod")
            },
            "no account has that `--owner` and is under that `--ou`",
            vec![],
        ),
    ] {
        let asked = format!("{filters:?}");
        assert_eq!(
            counted(&context, filters).await,
            (expected.to_owned(), caveats),
            "{asked}"
        );
    }
    let without = context_of(records()).await;
    let (said, _) = counted(&without, owner("web")).await;
    assert!(
        said.starts_with("`--owner` needs to know the accounts"),
        "{said}"
    );
}

#[tokio::test]
async fn inside_are_the_accounts_imported_or_those_with_logs() {
    let inside = "SELECT account FROM inside_accounts ORDER BY account";
    let imported = context_of_accounts().await;
    assert_eq!(
        super::query(&imported, inside, &["account"]).await,
        [OWNER, OTHER, "333333333333", "444444444444"]
    );
    let without = context_of(records()).await;
    assert_eq!(
        super::query(&without, inside, &["account"]).await,
        [OWNER, OTHER]
    );
}

/// Keys with tags that come, change and go; KEY_B was tagged before the first record.
fn tagged() -> Vec<Value> {
    let tags = |time: &str, name: &str, key: &str, request: Value| {
        event(
            time,
            json!({"key_arn": key, "event_name": name, "request": request.to_string()}),
        )
    };
    let set = |name: &str, value: &str| json!({"tags": [{"tagKey": name, "tagValue": value}]});
    let mut records = records();
    records.extend([
        tags(
            "2026-01-01T00:00:00Z",
            "CreateKey",
            KEY_A,
            set("team", "web"),
        ),
        tags(
            "2026-01-02T00:00:00Z",
            "TagResource",
            KEY_A,
            set("team", "data"),
        ),
        tags(
            "2026-01-03T00:00:00Z",
            "UntagResource",
            KEY_A,
            json!({"tagKeys": ["team"]}),
        ),
        tags(
            "2026-01-02T00:00:00Z",
            "UntagResource",
            KEY_B,
            json!({"tagKeys": ["team"]}),
        ),
        tags("2026-01-02T00:00:00Z", "TagResource", KEY_B, set("pci", "")),
        event(
            "2026-01-02T00:00:00Z",
            json!({
                "key_arn": MRK_US, "event_name": "TagResource", "outcome": "denied",
                "request": set("team", "web").to_string(),
            }),
        ),
    ]);
    records
}

#[tokio::test]
async fn tags_hold_from_when_they_are_set_until_they_change() {
    let context = context_of(tagged()).await;
    let sql = "SELECT * FROM key_tags ORDER BY key_arn, tag_name, valid_to";
    let columns = ["key_arn", "tag_name", "tag_value", "valid_from", "valid_to"];
    assert_eq!(
        super::query(&context, sql, &columns).await,
        [
            format!("{KEY_A} | team | web | 2026-01-01T00:00:00Z | 2026-01-02T00:00:00Z"),
            format!("{KEY_A} | team | data | 2026-01-02T00:00:00Z | 2026-01-03T00:00:00Z"),
            format!("{KEY_B} | pci |  | 2026-01-02T00:00:00Z | -"),
            format!("{KEY_B} | team | - | - | 2026-01-02T00:00:00Z"),
        ]
    );
}

#[tokio::test]
async fn keys_go_by_the_tags_that_they_carried_in_the_window() {
    let context = context_of(tagged()).await;
    let sql = "SELECT DISTINCT key_arn AS rows FROM scope_uses ORDER BY key_arn";
    for (tags, since, expected) in [
        (&["team"][..], "2026-01-01", &[KEY_A, KEY_B][..]),
        (&["team"], "2026-01-02T00:00:00Z", &[KEY_A]),
        (&["team=web"], "2026-01-01", &[KEY_A]),
        (&["team", "pci="], "2026-01-01", &[KEY_B]),
        (&["pci"], "2026-01-03", &[KEY_B]),
        (
            &["team=web"],
            "2026-01-02T00:00:00Z",
            &["no key carried what `--tag` asks for in the window"],
        ),
        (
            &["team=web", "pci"],
            "2026-01-01",
            &["no key carried what `--tag` asks for in the window"],
        ),
        (
            &["team=wed"],
            "2026-01-01",
            &["nothing in the store has `--tag team=wed`\n\nhint: nearest\n  team=web"],
        ),
    ] {
        let filters = Filters {
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            ..Filters::default()
        };
        let request = Request {
            filters,
            ..request(Some(since), "2026-01-31", &[])
        };
        let said = match ask(&context, sql, &request).await {
            Ok((rows, caveats)) => {
                let told = caveats
                    .iter()
                    .any(|caveat| caveat.starts_with("tags: tags come from the logs alone"));
                assert!(told, "{caveats:?}");
                rows
            }
            Err(error) => vec![error.to_string()],
        };
        assert_eq!(said, expected, "{tags:?} from {since}");
    }
}

#[tokio::test]
async fn an_unused_key_is_judged_by_everybodys_uses() {
    let carol = "arn:aws:iam::111111111111:role/carol";
    let context = context_of(vec![
        // Long ago both used KEY_A, and only alice still does; KEY_B is carol's and unused.
        event(
            "2025-01-01T00:00:00Z",
            json!({"key_arn": KEY_A, "caller": carol}),
        ),
        event(
            "2025-01-01T00:00:00Z",
            json!({"key_arn": KEY_B, "caller": carol, "invoked_by": "s3.amazonaws.com"}),
        ),
        event(
            "2025-01-01T00:00:00Z",
            json!({"key_arn": MRK_US, "region": "us-east-1"}),
        ),
        event(
            "2026-01-01T00:00:00Z",
            json!({"key_arn": KEY_A, "use_label": "cloudtrail_delivery"}),
        ),
    ])
    .await;
    let text = |value: &str| Some(value.to_owned());
    let all = Filters::default;
    for (filters, arguments, expected) in [
        (all(), &[][..], &[KEY_B, MRK_US][..]),
        (
            Filters {
                caller: text("carol"),
                ..all()
            },
            &[],
            &[KEY_B],
        ),
        (
            Filters {
                service: text("s3"),
                ..all()
            },
            &[],
            &[KEY_B],
        ),
        (
            Filters {
                region: text("us-east-1"),
                ..all()
            },
            &[],
            &[MRK_US],
        ),
        (all(), &[("key", KEY_A)], &[]),
        (all(), &[("key", KEY_B)], &[KEY_B]),
        // CloudTrail's use is one: without the key its logs could not be read.
        (
            Filters {
                is_own_hidden: true,
                ..all()
            },
            &[],
            &[KEY_B, MRK_US],
        ),
    ] {
        let is_own_hidden = filters.is_own_hidden;
        let request = Request {
            filters,
            ..request(Some("2025-12-01"), "2026-01-31", arguments)
        };
        let (rows, caveats) = super::answer(&context, "unused-keys", &request, &["key_arn"]).await;
        assert_eq!(rows, expected, "{request:?}");
        let is_told = caveats
            .iter()
            .any(|caveat| caveat.starts_with("hide-own: --hide-own has no effect here"));
        assert_eq!(is_told, is_own_hidden, "{caveats:?}");
    }
}

#[tokio::test]
async fn the_throttled_stand_beside_all_who_consumed() {
    let throttled = |caller: &str, account: &str| {
        event(
            "2026-01-01T00:00:00Z",
            json!({"key_arn": KEY_A, "outcome": "throttled", "caller": caller, "caller_account_id": account, "recipient_account_id": account}),
        )
    };
    let context = super::context_with(
        vec![
            throttled(ALICE, OWNER),
            throttled(ALICE, OWNER),
            throttled("unknown", OWNER),
            throttled(BOB, OTHER),
        ],
        &crate::schema::ACCOUNTS,
        &accounts(),
    )
    .await;
    let text = |value: &str| Some(value.to_owned());
    let all = Filters::default;
    let alice = format!("shop | {ALICE} | 2 | 3 | {ALICE} 2, unknown 1");
    let unknown = format!("shop | unknown | 1 | 3 | {ALICE} 2, unknown 1");
    let bob = format!("lake | {BOB} | 1 | 1 | {BOB} 1");
    for (filters, expected) in [
        (all(), vec![&alice, &unknown, &bob]),
        (
            Filters {
                caller: text("alice"),
                ..all()
            },
            vec![&alice],
        ),
        (
            Filters {
                account: text("lake"),
                ..all()
            },
            vec![&bob],
        ),
        // The key is the shop's, whoever was refused.
        (
            Filters {
                owner: text("web"),
                ..all()
            },
            vec![&alice, &unknown, &bob],
        ),
    ] {
        let request = Request {
            filters,
            ..request(None, "2026-01-31", &[])
        };
        let columns = [
            "account_name",
            "caller",
            "throttled",
            "calls_in_second",
            "consumed_most",
        ];
        let (rows, _) = super::answer(&context, "throttled-callers", &request, &columns).await;
        assert_eq!(rows.iter().collect::<Vec<_>>(), expected, "{request:?}");
    }
}

#[tokio::test]
async fn who_used_a_key_is_told_with_the_names_of_their_accounts() {
    let context = context_of_accounts().await;
    let text = |value: &str| Some(value.to_owned());
    let all = Filters::default;
    let columns = ["caller", "account_name", "successes"];
    for (filters, expected) in [
        (
            all(),
            vec![format!("{ALICE} | shop | 1"), format!("{BOB} | lake | 1")],
        ),
        (
            Filters {
                caller: text("bob"),
                ..all()
            },
            vec![format!("{BOB} | lake | 1")],
        ),
        (
            Filters {
                account: text("shop"),
                ..all()
            },
            vec![format!("{ALICE} | shop | 1"), format!("{BOB} | lake | 1")],
        ),
        (
            Filters {
                owner: text("data"),
                ..all()
            },
            vec![],
        ),
    ] {
        let request = Request {
            filters,
            ..request(None, "2026-01-31", &[("key", KEY_B)])
        };
        let (rows, _) = super::answer(&context, "who-used", &request, &columns).await;
        assert_eq!(rows, expected, "{request:?}");
    }
}
