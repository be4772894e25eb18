//! What an event says of what came of the call becomes these columns.

use crate::facts::check;

#[test]
fn outcomes_follow_the_code() {
    for (code, outcome) in [
        ("null", "success"),
        (r#""""#, "success"),
        (r#""ThrottlingException""#, "throttled"),
        (r#""AccessDenied""#, "denied"),
        (r#""AccessDeniedException""#, "denied"),
        (r#""VpceAccessDenied""#, "denied"),
        (r#""DisabledException""#, "unusable_key"),
        (r#""KMSInvalidStateException""#, "unusable_key"),
        (r#""NotFoundException""#, "not_found"),
        (r#""IncorrectKeyException""#, "invalid_request"),
        (r#""InvalidCiphertextException""#, "invalid_request"),
        (r#""InvalidKeyUsageException""#, "invalid_request"),
        (r#""DryRunOperationException""#, "dry_run"),
        (r#""KMSInternalException""#, "error"),
        (r#""SomethingNew""#, "error"),
    ] {
        check(
            "Decrypt",
            &format!(r#""errorCode":{code}"#),
            &[("outcome", outcome)],
        );
    }
    // Both forms of a key that is pending deletion.
    for code in ["DisabledException", "KMSInvalidStateException"] {
        check(
            "Encrypt",
            &format!(r#""errorCode":"{code}","errorMessage":"<K1> is pending deletion.""#),
            &[("outcome", "unusable_key"), ("key_arn", "<K1>")],
        );
    }
}

#[test]
fn a_dry_run_is_neither_a_use_nor_a_failure() {
    let dry = r#""requestParameters":{"dryRun":true}"#;
    let with = |code: &str| format!(r#"{dry},"errorCode":"{code}""#);
    check(
        "Encrypt",
        &with("DryRunOperationException"),
        &[("outcome", "dry_run"), ("is_dry_run", "true")],
    );
    check(
        "Encrypt",
        dry,
        &[("outcome", "dry_run"), ("is_dry_run", "true")],
    );
    check(
        "Encrypt",
        &with("AccessDenied"),
        &[("outcome", "denied"), ("is_dry_run", "true")],
    );
    check(
        "Encrypt",
        r#""requestParameters":{"dryRun":false}"#,
        &[("outcome", "success"), ("is_dry_run", "false")],
    );
    check(
        "Encrypt",
        "",
        &[("outcome", "success"), ("is_dry_run", "false")],
    );
}

#[test]
fn a_refusal_tells_which_kind_of_policy_refused() {
    for (reason, kind) in [
        (
            "because no identity-based policy allows the kms:Decrypt action",
            "identity_policy",
        ),
        (
            "because no resource-based policy allows the kms:Decrypt action",
            "key_policy",
        ),
        (
            "with an explicit deny in a service control policy",
            "service_control_policy",
        ),
        (
            "with an explicit deny in a resource control policy",
            "resource_control_policy",
        ),
        (
            "because no permissions boundary allows the kms:Decrypt action",
            "permissions_boundary",
        ),
        (
            "because no session policy allows the kms:Decrypt action",
            "session_policy",
        ),
        (
            "with an explicit deny in a VPC endpoint policy",
            "vpc_endpoint_policy",
        ),
        ("for reasons of its own", "null"),
    ] {
        let message =
            format!("User: x is not authorized to perform: kms:Decrypt on resource: <K1> {reason}");
        check(
            "Decrypt",
            &format!(r#""errorCode":"AccessDenied","errorMessage":"{message}""#),
            &[("denied_by", kind), ("error_message", &message)],
        );
    }
    check(
        "Decrypt",
        r#""errorCode":"NotFoundException","errorMessage":"no identity-based policy""#,
        &[("denied_by", "null")],
    );
}
