//! `keytrail trails pull`.

use serde_json::json;

use super::{ACCOUNT, LOCAL, MEMBER, WIDE, answer, expected, held, pull, refusal};
use crate::context::Context;
use crate::servers::{OWNER, Stub, credentials};

#[test]
fn what_aws_tells_is_held() {
    let context = Context::new();
    let aws = Stub::start(answer);
    let done = pull(&context, &aws);
    assert_eq!(done.code, 0, "{done}");
    assert_eq!(
        done.stdout,
        "trails 2, accounts with their regions 2, members of organizations 3\n"
    );
    // The one that is refused is told once, and has no regions.
    assert_eq!(
        done.stderr,
        "warning: refused, and so not known: account ListRegions of 777788889999: AccessDeniedException\n"
    );
    assert_eq!(held(&context), expected());
    let listed = context.json(&["trails", "--format", "json"]);
    let told = listed
        .iter()
        .map(|row| (row["trail_arn"].as_str(), row["kms"].as_str()));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            (Some(LOCAL), Some("excluded")),
            (Some(WIDE), Some("read_write"))
        ]
    );
}

#[test]
fn every_enabled_region_is_asked_and_each_trail_at_its_home() {
    let context = Context::new();
    let aws = Stub::start(answer);
    pull(&context, &aws);
    let calls = aws.take_calls();
    let regions = |operation: &str| -> Vec<&str> {
        let of = calls.iter().filter(|call| call.operation == operation);
        of.map(|call| call.region.as_str()).collect()
    };
    assert_eq!(
        regions("DescribeTrails"),
        ["eu-west-1", "me-south-1", "us-east-1"]
    );
    assert_eq!(regions("GetEventSelectors"), ["eu-west-1", "us-east-1"]);
    assert_eq!(regions("GetTrailStatus"), ["eu-west-1", "us-east-1"]);
    // The decoder knows our own calls in the logs by this.
    for call in &calls {
        assert!(call.user_agent.contains("keytrail/"), "{call:?}");
    }
}

#[test]
fn an_organization_that_may_not_be_seen_is_no_failure() {
    let context = Context::new();
    let aws = Stub::start(|call| match call.operation.as_str() {
        "DescribeOrganization" => refusal("AccessDeniedException"),
        _ => answer(call),
    });
    let done = pull(&context, &aws);
    assert_eq!(done.code, 0, "{done}");
    assert_eq!(
        done.stderr,
        format!(
            "warning: refused, and so not known: organizations DescribeOrganization by {ACCOUNT}: AccessDeniedException\n"
        )
    );
    let mut rows = expected();
    rows[1].retain(|row| row["account_id"] != MEMBER);
    rows[2].clear();
    assert_eq!(held(&context), rows);
}

#[test]
fn an_account_in_no_organization_is_refused_nothing() {
    let context = Context::new();
    let aws = Stub::start(|call| match call.operation.as_str() {
        "DescribeOrganization" => refusal("AWSOrganizationsNotInUseException"),
        _ => answer(call),
    });
    let done = pull(&context, &aws);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{done}");
}

/// A list of members that ends in a refusal is no list: who is not in it would count as no member.
#[test]
fn half_a_list_is_not_held() {
    let context = Context::new();
    let aws = Stub::start(|call| match call.operation.as_str() {
        "ListAccounts" if !call.body["NextToken"].is_null() => refusal("AccessDeniedException"),
        "ListRegions" if !call.body["NextToken"].is_null() => refusal("AccessDeniedException"),
        _ => answer(call),
    });
    let done = pull(&context, &aws);
    assert_eq!(done.code, 2, "{done}");
    let rows = held(&context);
    assert_eq!((rows[1].len(), rows[2].len()), (0, 0));
}

#[test]
fn what_the_account_itself_is_refused_stays_unknown_and_is_a_failure() {
    let context = Context::new();
    let aws = Stub::start(|call| match call.operation.as_str() {
        "ListRegions" | "GetEventSelectors" | "GetTrailStatus" => refusal("AccessDeniedException"),
        _ => answer(call),
    });
    let done = pull(&context, &aws);
    assert_eq!(done.code, 2, "{done}");
    let refused = "warning: refused, and so not known:";
    assert_eq!(
        done.stderr,
        format!(
            "{refused} account ListRegions of 444455556666, 777788889999, 111122223333: AccessDeniedException\n\
             {refused} cloudtrail GetEventSelectors of {WIDE}: AccessDeniedException\n\
             {refused} cloudtrail GetTrailStatus of {WIDE}: AccessDeniedException\n"
        )
    );
    // Without its regions it is asked where it is configured.
    let mut wide = expected()[0][1].clone();
    for unknown in ["is_logging", "changed", "selectors"] {
        wide.as_object_mut().expect("a row").remove(unknown);
    }
    let rows = held(&context);
    assert_eq!(rows[0], [wide]);
    assert_eq!(rows[1], Vec::<serde_json::Value>::new());
    assert_eq!(
        context.json(&["trails", "--format", "json"])[0]["kms"],
        json!("unknown")
    );
}

#[test]
fn without_a_region_the_first_one_is_asked() {
    let context = Context::new();
    let aws = Stub::start(answer);
    let mut variables = credentials(OWNER);
    variables.retain(|(name, _)| name != "AWS_REGION");
    let done = context.run_in(&["trails", "pull", "--endpoint-url", &aws.url], &variables);
    assert_eq!(done.code, 0, "{done}");
    assert_eq!(held(&context), expected());
}

#[test]
fn nobody_is_told_nothing_and_makes_no_store() {
    let context = Context::new();
    let aws = Stub::start(|_call| {
        let text = "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>The token has expired.</Message></Error>\
                    </ErrorResponse>";
        (403, text.to_owned())
    });
    let done = pull(&context, &aws);
    assert_eq!(done.code, 2, "{done}");
    assert_eq!(
        done.stderr,
        "error: cannot get the caller's identity: the AWS credentials have expired: The token has expired (ExpiredToken)\n\n\
         hint: run `aws sso login`, or name another profile with `--profile`\n"
    );
    let words = [
        "trails",
        "pull",
        "--endpoint-url",
        &aws.url,
        "--profile",
        "nobody",
    ];
    let done = context.run_in(&words, &credentials(OWNER));
    assert_eq!(done.code, 2, "{done}");
    assert!(
        done.stderr.starts_with(
            "error: cannot get the caller's identity: there are no AWS credentials: there is no profile `nobody`"
        ),
        "{done}"
    );
    let closed = ["trails", "pull", "--endpoint-url", "http://127.0.0.1:9"];
    let done = context.run_in(&closed, &credentials(OWNER));
    assert_eq!(done.code, 2, "{done}");
    assert!(
        done.stderr.starts_with(
            "error: cannot get the caller's identity: the server cannot be reached: Connection refused"
        ),
        "{done}"
    );
    assert!(!context.store().exists());
}
