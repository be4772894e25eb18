//! Hours at the ends of what is held, and who may change a trail, on rows made by hand.

use datafusion::prelude::SessionContext;
use serde_json::{Value, json};

use super::coverage::{Made, change, hour, log};
use super::{OTHER, OWNER, answer_in_full, context_of, query, request};
use crate::schema::{
    ACCOUNT_REGIONS, LOG_FILE_EVENTS, ORGANIZATION_ACCOUNTS, TRAIL_EVENTS, TRAILS, VERIFICATIONS,
};

/// A log of another place, delivered at a minute of an hour.
fn other_log(account: &str, region: &str, number: u32, minute: u32) -> Value {
    let name =
        format!("s3://b/AWSLogs/o-x/{account}/CloudTrail/{region}/{number}-{minute}.json.gz");
    let mut row = log(number, json!({"organization_id": "o-x"}));
    for column in ["location", "object_id"] {
        row[column] = name.clone().into();
    }
    row["account_id"] = account.into();
    row["region"] = region.into();
    row["delivery_time"] = hour(number)
        .replace(":00:00Z", &format!(":{minute:02}:00Z"))
        .into();
    row
}

fn member(taken: u32, account: &str) -> Value {
    json!({"organization_id": "o-x", "account_id": account, "taken_at": hour(taken), "run_id": format!("r{taken}")})
}

fn region(taken: u32, name: &str, status: &str) -> Value {
    json!({
        "account_id": OWNER, "region": name, "taken_at": hour(taken), "opt_status": status,
        "run_id": format!("r{taken}"),
    })
}

/// A call that changes who is a member, or what is enabled.
fn call(time: &str, source: &str, name: &str, request: &Value) -> Value {
    let mut row = change(time, name, &request.to_string());
    row["event_source"] = source.into();
    row
}

async fn context(made: Made, members: &[Value], regions: &[Value]) -> SessionContext {
    context_of(
        made.events,
        &[
            (&LOG_FILE_EVENTS, &made.ledger),
            (&VERIFICATIONS, &made.verifications),
            (&TRAILS, &made.trails),
            (&TRAIL_EVENTS, &made.changes),
            (&ORGANIZATION_ACCOUNTS, members),
            (&ACCOUNT_REGIONS, regions),
        ],
    )
    .await
}

/// The holes up to an hour, but for those of unknown selectors.
async fn holes(context: &SessionContext, until: u32) -> Vec<String> {
    let request = request(None, &hour(until), &[]);
    let columns = ["account", "region", "from_hour", "to_hour", "state"];
    let (rows, _) = answer_in_full(context, "coverage-holes", &request, &columns).await;
    rows.into_iter()
        .filter(|row| !row.ends_with("selectors_unknown"))
        .collect()
}

fn gap(account: &str, region: &str, from: u32, to: u32) -> String {
    format!("{account} | {region} | {} | {} | gap", hour(from), hour(to))
}

/// One account's first log comes at 0:30, the other's at 1:10, as they happen to.
#[tokio::test]
async fn the_window_begins_with_the_first_hour_that_every_trail_can_show() {
    let mut made = Made::whole(40);
    made.ledger.retain(|row| row["kind"] == "log");
    made.ledger
        .extend((1..40).map(|number| other_log(OTHER, "eu-west-1", number, 10)));
    assert_eq!(
        holes(&context(made, &[], &[]).await, 38).await,
        Vec::<String>::new()
    );
    // An account that begins much later lacks the hours before.
    let mut made = Made::whole(40);
    made.ledger.retain(|row| row["kind"] == "log");
    made.ledger
        .extend((5..40).map(|number| other_log(OTHER, "eu-west-1", number, 10)));
    assert_eq!(
        holes(&context(made, &[], &[]).await, 38).await,
        [gap(OTHER, "eu-west-1", 1, 6)]
    );
}

/// The other account's last log is of 14:30; the list of hour 20 does not have it any more. Nothing at all is held
/// behind hour 40.
#[tokio::test]
async fn an_account_that_left_has_no_holes_behind_it() {
    let made = || {
        let mut made = Made::whole(40);
        made.ledger
            .extend((0..15).map(|number| other_log(OTHER, "eu-west-1", number, 30)));
        made
    };
    let members = [member(10, OWNER), member(10, OTHER), member(20, OWNER)];
    let own = gap(OWNER, "eu-west-1", 39, 60);
    assert_eq!(
        holes(&context(made(), &members, &[]).await, 60).await,
        [own.clone(), gap(OTHER, "eu-west-1", 14, 20)]
    );
    // The log tells that it was removed at 16:00.
    let mut removed = made();
    let request = json!({"accountId": OTHER});
    removed.changes = vec![call(
        &hour(16),
        "organizations.amazonaws.com",
        "RemoveAccountFromOrganization",
        &request,
    )];
    assert_eq!(
        holes(&context(removed, &members, &[]).await, 60).await,
        [own.clone(), gap(OTHER, "eu-west-1", 14, 16)]
    );
    // While a list has it, it is missed.
    assert_eq!(
        holes(&context(made(), &members[..2], &[]).await, 60).await,
        [own, gap(OTHER, "eu-west-1", 14, 60)]
    );
}

/// An account of its own is in no list of the organization, and its hours count.
#[tokio::test]
async fn an_account_that_was_never_a_member_is_judged_by_its_own_trail() {
    let members = [member(1, OTHER)];
    assert_eq!(
        holes(&context(Made::whole(40), &members, &[]).await, 60).await,
        [
            gap(OWNER, "eu-west-1", 39, 60),
            gap(OTHER, "eu-west-1", 0, 60)
        ]
    );
}

/// The region's last log is of 9:30, and the list of hour 20 has it as disabled.
#[tokio::test]
async fn a_region_that_was_disabled_has_no_holes_behind_it() {
    let made = || {
        let mut made = Made::whole(40);
        made.ledger
            .extend((0..10).map(|number| other_log(OWNER, "af-south-1", number, 30)));
        made
    };
    let regions = [
        region(20, "eu-west-1", "ENABLED_BY_DEFAULT"),
        region(20, "af-south-1", "DISABLED"),
    ];
    let own = gap(OWNER, "eu-west-1", 39, 60);
    assert_eq!(
        holes(&context(made(), &[], &regions).await, 60).await,
        [gap(OWNER, "af-south-1", 9, 20), own.clone()]
    );
    // The log tells that it was disabled at 12:30.
    let mut told = made();
    let request = json!({"RegionName": "af-south-1"});
    told.changes = vec![call(
        "2026-03-01T12:30:00Z",
        "account.amazonaws.com",
        "DisableRegion",
        &request,
    )];
    assert_eq!(
        holes(&context(told, &[], &regions).await, 60).await,
        [gap(OWNER, "af-south-1", 9, 13), own.clone()]
    );
    // And enabled again at 15:00.
    let mut again = made();
    again.changes = vec![
        call(
            "2026-03-01T12:30:00Z",
            "account.amazonaws.com",
            "DisableRegion",
            &request,
        ),
        call(&hour(15), "account.amazonaws.com", "EnableRegion", &request),
    ];
    assert_eq!(
        holes(&context(again, &[], &regions).await, 60).await,
        [gap(OWNER, "af-south-1", 9, 20), own]
    );
}

/// From 5:00 on the other account administers the trails of the organization; its log of 21:30 is missing. What the trail
/// logs is known until 20:15, when the last events before the gap had been delivered.
#[tokio::test]
async fn a_delegated_administrator_may_have_changed_the_trail() {
    let made = |is_registered: bool| {
        let mut made = Made::whole(40);
        made.trails[0]["is_organization"] = true.into();
        let numbers = (6..40).filter(|number| *number != 21);
        made.ledger
            .extend(numbers.map(|number| other_log(OTHER, "eu-west-1", number, 30)));
        let first = [0, 45].map(|minute| other_log(OTHER, "eu-west-1", 5, minute));
        made.ledger.extend(first);
        if is_registered {
            let request = json!({"memberAccountId": OTHER});
            made.changes = vec![change(
                &hour(5),
                "RegisterOrganizationDelegatedAdmin",
                &request.to_string(),
            )];
        }
        made
    };
    let counted = "SELECT state || ' x ' || count(*) AS told FROM coverage WHERE account = '111111111111' \
                   GROUP BY state ORDER BY min(hour)";
    let states = async |is_registered| {
        let context = context(made(is_registered), &[], &[]).await;
        query(&context, counted, &["told"]).await
    };
    assert_eq!(
        states(false).await,
        [
            "complete_verified x 16",
            "complete_unverified x 23",
            "gap x 2"
        ]
    );
    // No digest proves the other account's logs.
    assert_eq!(
        states(true).await,
        [
            "complete_verified x 5",
            "complete_unverified x 15",
            "selectors_unknown x 19",
            "gap x 2"
        ]
    );
}

/// The logs of us-east-1, in which calls that enable a region are, from 0:30 to 39:30, without that of some hours.
fn switches(account: &str, lost: &[u32]) -> Vec<Value> {
    let numbers = (0..40).filter(|number| !lost.contains(number));
    let logs = numbers.map(|number| other_log(account, "us-east-1", number, 30));
    logs.map(|mut log| {
        log["organization_id"] = Value::Null;
        log
    })
    .collect()
}

/// Listed as disabled in hour 20; nothing was ever delivered of it.
#[tokio::test]
async fn a_region_was_not_enabled_while_nobody_can_have_enabled_it() {
    let regions = [
        region(20, "eu-west-1", "ENABLED_BY_DEFAULT"),
        region(20, "me-south-1", "DISABLED"),
    ];
    let made = |lost: &[u32]| {
        let mut made = Made::whole(40);
        made.ledger.extend(switches(OWNER, lost));
        made
    };
    let holes_of = async |made: Made, regions: &[Value]| {
        let found = holes(&context(made, &[], regions).await, 38).await;
        let found = found.into_iter().filter(|row| row.contains("me-south-1"));
        found.collect::<Vec<String>>()
    };
    let none: Vec<String> = Vec::new();
    let gap_until = |hour| [gap(OWNER, "me-south-1", 1, hour)];
    assert_eq!(holes_of(made(&[]), &regions).await, none);
    // Nothing is held from 9:30 to 11:30, when it could have been disabled.
    assert_eq!(holes_of(made(&[10]), &regions).await, gap_until(12));
    // After the list it does not matter.
    assert_eq!(holes_of(made(&[30]), &regions).await, none);
    // Without the logs of us-east-1 nobody knows.
    assert_eq!(
        holes_of(Made::whole(40), &regions).await,
        [gap(OWNER, "me-south-1", 0, 20)]
    );
    // A trail that logs reads alone does not tell.
    let mut deaf = made(&[]);
    deaf.trails[0]["selectors"] = r#"{"EventSelectors":[{"ReadWriteType":"ReadOnly"}]}"#.into();
    assert_eq!(holes_of(deaf, &regions).await, gap_until(20));
    // A list that has it as enabled, or a delivery, shows that a call was missed.
    let enabled = [
        region(5, "me-south-1", "ENABLED"),
        regions[0].clone(),
        regions[1].clone(),
    ];
    assert_eq!(holes_of(made(&[]), &enabled).await, gap_until(20));
    let mut delivered = made(&[]);
    let mut log = other_log(OWNER, "me-south-1", 4, 30);
    log["organization_id"] = Value::Null;
    delivered.ledger.push(log);
    assert_eq!(holes_of(delivered, &regions).await, gap_until(20));
    // A call in the logs tells by itself.
    let mut called = made(&[]);
    let request = json!({"RegionName": "me-south-1"});
    called.changes = vec![call(
        &hour(8),
        "account.amazonaws.com",
        "DisableRegion",
        &request,
    )];
    assert_eq!(holes_of(called, &regions).await, gap_until(8));
}

/// A member's region can be enabled from the management account.
#[tokio::test]
async fn a_members_region_is_known_by_the_management_accounts_logs_too() {
    const MANAGEMENT: &str = "333333333333";
    let regions = [
        region(20, "eu-west-1", "ENABLED_BY_DEFAULT"),
        region(20, "me-south-1", "DISABLED"),
    ];
    let members = [member(0, OWNER), member(0, MANAGEMENT)];
    let gaps = async |management: Vec<Value>, is_told: bool| {
        let mut made = Made::whole(40);
        made.ledger.extend(switches(OWNER, &[]));
        made.ledger.extend(management);
        if is_told {
            made.trails[0]["trail_arn"] =
                format!("arn:aws:cloudtrail:us-east-1:{MANAGEMENT}:trail/all").into();
            made.trails[0]["is_organization"] = true.into();
        }
        let found = holes(&context(made, &members, &regions).await, 38).await;
        found
            .into_iter()
            .filter(|row| row.starts_with(OWNER) && row.contains("me-south-1"))
            .count()
    };
    assert_eq!(gaps(switches(MANAGEMENT, &[]), true).await, 0);
    assert_eq!(gaps(switches(MANAGEMENT, &[15]), true).await, 1);
    assert_eq!(gaps(switches(MANAGEMENT, &[]), false).await, 1);
}
