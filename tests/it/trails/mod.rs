//! `keytrail trails`: what AWS tells of trails, regions and members, asked of it or imported.
//!
//! AWS here is one account with two trails, three enabled regions and an organization of three; every answer of it is
//! written once, below.

mod import;
mod pull;

use serde_json::{Value, json};

use crate::context::{Context, Transcript};
use crate::servers::{Call, OWNER, Stub, Told, credentials};

const ACCOUNT: &str = "111122223333";
const MEMBER: &str = "444455556666";
const CLOSED: &str = "777788889999";
const ORGANIZATION: &str = "o-exampleorg";
/// Of the organization, in Virginia.
const WIDE: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/wide";
/// Of one region, in Ireland.
const LOCAL: &str = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/local";

/// DescribeTrails in a region: the trail of all regions is seen everywhere.
fn descriptions(region: &str) -> Value {
    let wide = json!({
        "Name": "wide", "TrailARN": WIDE, "HomeRegion": "us-east-1", "S3BucketName": "all-logs",
        "S3KeyPrefix": "trails", "IsMultiRegionTrail": true, "IsOrganizationTrail": true,
        "LogFileValidationEnabled": true, "IncludeGlobalServiceEvents": true
    });
    let local = json!({
        "Name": "local", "TrailARN": LOCAL, "HomeRegion": "eu-west-1", "S3BucketName": "local-logs",
        "IsMultiRegionTrail": false, "IsOrganizationTrail": false, "LogFileValidationEnabled": false
    });
    if region == "eu-west-1" {
        json!({"trailList": [wide, local]})
    } else {
        json!({"trailList": [wide]})
    }
}

/// GetEventSelectors: advanced ones, and basic ones.
fn selectors(arn: &str) -> Value {
    if arn == WIDE {
        json!({"TrailARN": WIDE, "AdvancedEventSelectors": [{
            "Name": "management", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]
        }]})
    } else {
        json!({"TrailARN": LOCAL, "EventSelectors": [{
            "ReadWriteType": "All", "IncludeManagementEvents": true,
            "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}],
            "ExcludeManagementEventSources": ["kms.amazonaws.com"]
        }]})
    }
}

/// GetTrailStatus: one logs, the other was stopped.
fn status(arn: &str) -> Value {
    if arn == WIDE {
        json!({
            "IsLogging": true, "StartLoggingTime": 1_767_225_600.5, "LatestDeliveryTime": 1_772_359_200,
            "LatestDigestDeliveryError": ""
        })
    } else {
        json!({"IsLogging": false, "StartLoggingTime": 1_767_225_600, "StopLoggingTime": 1_772_323_200.25})
    }
}

/// ListRegions of an account.
fn regions(account: &str) -> Vec<Value> {
    let region = |name, status| json!({"RegionName": name, "RegionOptStatus": status});
    let virginia = region("us-east-1", "ENABLED_BY_DEFAULT");
    match account {
        ACCOUNT => vec![
            virginia,
            region("eu-west-1", "ENABLED_BY_DEFAULT"),
            region("af-south-1", "DISABLED"),
            region("me-south-1", "ENABLED"),
        ],
        _ => vec![virginia],
    }
}

/// ListAccounts.
fn members() -> Vec<Value> {
    let member = |id: &str, name, status, joined: f64| {
        json!({
            "Id": id, "Name": name, "Status": status, "JoinedTimestamp": joined, "JoinedMethod": "CREATED",
            "Arn": format!("arn:aws:organizations::{ACCOUNT}:account/{ORGANIZATION}/{id}")
        })
    };
    vec![
        member(ACCOUNT, "management", "ACTIVE", 1_700_000_000.0),
        member(MEMBER, "production", "ACTIVE", 1_710_000_000.25),
        member(CLOSED, "old", "SUSPENDED", 1_720_000_000.0),
    ]
}

/// Two items a page.
fn page(name: &str, items: &[Value], token: Option<&str>) -> Told {
    let from = token.map_or(0, |token| token.parse().expect("our token"));
    let to = items.len().min(from + 2);
    let mut told = json!({ name: &items[from..to] });
    if to < items.len() {
        told["NextToken"] = to.to_string().into();
    }
    (200, told.to_string())
}

/// What the account's AWS answers.
fn answer(call: &Call) -> Told {
    let text = |name: &str| call.body[name].as_str();
    let of_trail = |arn: Option<&str>, told: fn(&str) -> Value| {
        let arn = arn.expect("a trail");
        // Only its home knows it whole.
        if arn.split(':').nth(3) == Some(call.region.as_str()) {
            (200, told(arn).to_string())
        } else {
            refusal("TrailNotFoundException")
        }
    };
    match call.operation.as_str() {
        "GetCallerIdentity" => (
            200,
            format!(
                "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>{ACCOUNT}</Account>\
                 </GetCallerIdentityResult></GetCallerIdentityResponse>"
            ),
        ),
        "DescribeOrganization" => (
            200,
            json!({"Organization": {"Id": ORGANIZATION, "MasterAccountId": ACCOUNT}}).to_string(),
        ),
        "ListAccounts" => page("Accounts", &members(), text("NextToken")),
        // To see it is nobody's.
        "ListRegions" if text("AccountId") == Some(CLOSED) => refusal("AccessDeniedException"),
        "ListRegions" => {
            let account = text("AccountId").unwrap_or(ACCOUNT);
            page("Regions", &regions(account), text("NextToken"))
        }
        "DescribeTrails" => {
            assert_eq!(call.body["includeShadowTrails"], true);
            (200, descriptions(&call.region).to_string())
        }
        "GetEventSelectors" => of_trail(text("TrailName"), selectors),
        "GetTrailStatus" => of_trail(text("Name"), status),
        other => panic!("{other} is not asked for"),
    }
}

fn refusal(code: &str) -> Told {
    (
        400,
        json!({"__type": code, "message": "not for you"}).to_string(),
    )
}

/// Runs `trails pull` against the stub.
fn pull(context: &Context, aws: &Stub) -> Transcript {
    let words = ["trails", "pull", "--endpoint-url", &aws.url];
    context.run_in(&words, &credentials(OWNER))
}

/// All rows of the three tables, without when and by which run they were taken.
fn held(context: &Context) -> Vec<Vec<Value>> {
    [
        "select trail_arn, home_region, bucket, prefix, is_multi_region, is_organization, is_logging,
         to_char(logging_changed_at, '%Y-%m-%dT%H:%M:%S%.3f') as changed, is_validation_enabled, selectors
         from trails order by trail_arn",
        "select account_id, region, opt_status from account_regions order by account_id, region",
        "select organization_id, account_id, name, status,
         to_char(joined_at, '%Y-%m-%dT%H:%M:%S%.3f') as joined
         from organization_accounts order by account_id",
    ]
    .map(|statement| {
        let mut rows = context.rows(statement);
        for row in &mut rows {
            if let Some(text) = row["selectors"].as_str() {
                row["selectors"] = serde_json::from_str(text).expect("JSON");
            } else if let Some(row) = row.as_object_mut() {
                row.retain(|_, value| !value.is_null());
            }
        }
        rows
    })
    .to_vec()
}

/// What there is to hold.
fn expected() -> Vec<Vec<Value>> {
    let region = |account, region, status| json!({"account_id": account, "region": region, "opt_status": status});
    let member = |account, name, status, joined| {
        json!({
            "organization_id": ORGANIZATION, "account_id": account, "name": name, "status": status, "joined": joined
        })
    };
    vec![
        vec![
            json!({
                "trail_arn": LOCAL, "home_region": "eu-west-1", "bucket": "local-logs", "prefix": null,
                "is_multi_region": false, "is_organization": false, "is_logging": false,
                "changed": "2026-03-01T00:00:00.250", "is_validation_enabled": false, "selectors": selectors(LOCAL)
            }),
            json!({
                "trail_arn": WIDE, "home_region": "us-east-1", "bucket": "all-logs", "prefix": "trails",
                "is_multi_region": true, "is_organization": true, "is_logging": true,
                "changed": "2026-01-01T00:00:00.500", "is_validation_enabled": true, "selectors": selectors(WIDE)
            }),
        ],
        vec![
            region(ACCOUNT, "af-south-1", "DISABLED"),
            region(ACCOUNT, "eu-west-1", "ENABLED_BY_DEFAULT"),
            region(ACCOUNT, "me-south-1", "ENABLED"),
            region(ACCOUNT, "us-east-1", "ENABLED_BY_DEFAULT"),
            region(MEMBER, "us-east-1", "ENABLED_BY_DEFAULT"),
        ],
        vec![
            member(ACCOUNT, "management", "ACTIVE", "2023-11-14T22:13:20.000"),
            member(MEMBER, "production", "ACTIVE", "2024-03-09T16:00:00.250"),
            member(CLOSED, "old", "SUSPENDED", "2024-07-03T09:46:40.000"),
        ],
    ]
}
