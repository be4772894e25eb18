//! What an event says of who called, for which resource, and how, becomes these columns.

use crate::facts::{check, decode_event};

#[track_caller]
fn check_user(user: &str, columns: &[(&str, &str)]) {
    check("Decrypt", &format!(r#""userIdentity":{user}"#), columns);
}

#[test]
fn a_session_is_its_role() {
    check_user(
        r#"{"type":"AssumedRole","principalId":"AROA:s","arn":"arn:aws:sts::111122223333:assumed-role/app/s","accountId":"111122223333","accessKeyId":"ASIA","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/team/app","userName":"app"},"attributes":{"mfaAuthenticated":"false"},"sourceIdentity":"alice"}}"#,
        &[
            ("caller", "arn:aws:iam::111122223333:role/team/app"),
            ("session_name", "s"),
            ("user_name", "app"),
            ("source_identity", "alice"),
            ("access_key_id", "ASIA"),
            ("principal_id", "AROA:s"),
            ("identity_type", "AssumedRole"),
            ("caller_account_id", "111122223333"),
            ("is_mfa", "false"),
        ],
    );
    // The role's calls through a service are the role's.
    check_user(
        r#"{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/app/s","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::1:role/app"}},"invokedBy":"s3.amazonaws.com"}"#,
        &[
            ("caller", "arn:aws:iam::1:role/app"),
            ("invoked_by", "s3.amazonaws.com"),
            ("service", "s3.amazonaws.com"),
        ],
    );
    check_user(
        r#"{"type":"FederatedUser","arn":"arn:aws:sts::1:federated-user/bob","sessionContext":{"sessionIssuer":{"type":"IAMUser","arn":"arn:aws:iam::1:user/broker"}}}"#,
        &[
            ("caller", "arn:aws:iam::1:user/broker"),
            ("session_name", "bob"),
        ],
    );
}

#[test]
fn an_empty_issuer_is_none() {
    check_user(
        r#"{"type":"IAMUser","arn":"arn:aws:iam::1:user/Alice","userName":"Alice","sessionContext":{"sessionIssuer":{},"webIdFederationData":{},"attributes":{"mfaAuthenticated":"true"}}}"#,
        &[
            ("caller", "arn:aws:iam::1:user/Alice"),
            ("user_name", "Alice"),
            ("session_name", "null"),
            ("is_mfa", "true"),
        ],
    );
    check_user(
        r#"{"type":"Root","arn":"arn:aws:iam::1:root","accountId":"1","sessionContext":{"sessionIssuer":{}}}"#,
        &[
            ("caller", "arn:aws:iam::1:root"),
            ("identity_type", "Root"),
            ("is_mfa", "null"),
        ],
    );
}

#[test]
fn callers_without_an_arn() {
    check_user(
        r#"{"type":"AWSService","invokedBy":"secretsmanager.amazonaws.com"}"#,
        &[
            ("caller", "service:secretsmanager.amazonaws.com"),
            ("invoked_by", "secretsmanager.amazonaws.com"),
        ],
    );
    check_user(
        r#"{"accountId":"1","invokedBy":"AWS Internal"}"#,
        &[("caller", "service:AWS Internal")],
    );
    check_user(
        r#"{"type":"AWSAccount","principalId":"AIDA","accountId":"444455556666"}"#,
        &[("caller", "account:444455556666"), ("principal_id", "AIDA")],
    );
    check_user(
        r#"{"type":"IdentityCenterUser","accountId":"1","onBehalfOf":{"userId":"u-1","identityStoreArn":"arn:aws:identitystore::1:identitystore/d-1"},"credentialId":"c-1"}"#,
        &[
            ("caller", "identitycenter:u-1"),
            ("on_behalf_of", "u-1"),
            ("credential_id", "c-1"),
        ],
    );
    for nobody in ["{}", "null", r#"{"type":"Unknown"}"#, "[]"] {
        check_user(nobody, &[("caller", "unknown")]);
    }
    check("Decrypt", "", &[("caller", "unknown")]);
}

#[test]
fn instances_are_resources_of_ec2() {
    check_user(
        r#"{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/aws:ec2-infrastructure/i-0abc","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::1:role/aws:ec2-infrastructure"}}}"#,
        &[
            ("caller", "service:ec2.amazonaws.com"),
            ("session_name", "i-0abc"),
            ("service", "ec2.amazonaws.com"),
            ("resource", "ec2.amazonaws.com:i-0abc"),
            ("resource_list", "[ec2.amazonaws.com:i-0abc]"),
        ],
    );
    check(
        "Decrypt",
        r#""requestParameters":{"encryptionContext":{"aws:ebs:id":"vol-1"}},"userIdentity":{"arn":"arn:aws:sts::1:assumed-role/aws:ec2-infrastructure/i-0abc","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::1:role/aws:ec2-infrastructure"}}}"#,
        &[
            ("resource", "ec2.amazonaws.com:vol-1"),
            (
                "resource_list",
                "[ec2.amazonaws.com:vol-1, ec2.amazonaws.com:i-0abc]",
            ),
        ],
    );
}

/// A principal of whom only the account is told, who called through a service; a service of its own tells none.
#[test]
fn an_account_that_calls_through_a_service_is_the_caller() {
    for (user, caller) in [
        (
            r#"{"type":"AWSAccount","principalId":"AROAETL:s1","accountId":"444455556666","invokedBy":"s3.amazonaws.com"}"#,
            "account:444455556666",
        ),
        (
            r#"{"type":"AWSAccount","accountId":"111122223333","invokedBy":"AWS Internal"}"#,
            "account:111122223333",
        ),
        (
            r#"{"type":"AssumedRole","principalId":"AROA:s","accountId":"444455556666","invokedBy":"AWS Internal"}"#,
            "account:444455556666",
        ),
        (
            r#"{"type":"AWSService","accountId":"444455556666","invokedBy":"s3.amazonaws.com"}"#,
            "service:s3.amazonaws.com",
        ),
        (
            r#"{"accountId":"444455556666","invokedBy":"AWS Internal"}"#,
            "service:AWS Internal",
        ),
        (
            r#"{"type":"AWSAccount","accountId":"AWS Internal","invokedBy":"s3.amazonaws.com"}"#,
            "service:s3.amazonaws.com",
        ),
        (
            r#"{"type":"AssumedRole","arn":"arn:aws:sts::444455556666:assumed-role/r/s","accountId":"444455556666","invokedBy":"s3.amazonaws.com","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::444455556666:role/r"}}}"#,
            "arn:aws:iam::444455556666:role/r",
        ),
    ] {
        check_user(user, &[("caller", caller)]);
    }
}

/// EC2 is a service for the account of its instances, and that account's role for any other.
#[test]
fn ec2_of_another_account_is_that_accounts_role() {
    const USER: &str = r#""userIdentity":{"type":"AssumedRole","accountId":"444455556666","arn":"arn:aws:sts::444455556666:assumed-role/aws:ec2-infrastructure/i-0abc"}"#;
    const ROLE: &str = "arn:aws:iam::444455556666:role/aws:ec2-infrastructure";
    const EC2: &str = "service:ec2.amazonaws.com";
    let key = |account: &str| {
        format!(
            r#""resources":[{{"ARN":"arn:aws:kms:us-east-1:{account}:key/1234abcd-12ab-34cd-56ef-1234567890ab"}}]"#
        )
    };
    for (members, caller) in [
        (format!(r#""recipientAccountId":"444455556666",{}"#, key("444455556666")), EC2),
        (r#""recipientAccountId":"444455556666""#.to_owned(), EC2),
        (format!(r#""recipientAccountId":"111122223333",{}"#, key("111122223333")), ROLE),
        (format!(r#""recipientAccountId":"444455556666",{}"#, key("111122223333")), ROLE),
        (r#""recipientAccountId":"111122223333""#.to_owned(), ROLE),
        // Another account's log has a record, too: the key is that one's.
        (r#""recipientAccountId":"444455556666","sharedEventID":"s""#.to_owned(), ROLE),
        (
            r#""recipientAccountId":"444455556666","requestParameters":{"keyId":"arn:aws:kms:us-east-1:111122223333:alias/a"}"#.to_owned(),
            ROLE,
        ),
    ] {
        let told = [("caller", caller), ("resource", "ec2.amazonaws.com:i-0abc"), ("session_name", "i-0abc")];
        check("Decrypt", &format!("{members},{USER}"), &told);
    }
    let issued = r#""recipientAccountId":"111122223333","userIdentity":{"type":"AssumedRole","arn":"arn:aws-cn:sts::444455556666:assumed-role/aws:ec2-infrastructure/i-0abc","sessionContext":{"sessionIssuer":{"arn":"arn:aws-cn:iam::444455556666:role/aws:ec2-infrastructure"}}}"#;
    check(
        "Decrypt",
        issued,
        &[(
            "caller",
            "arn:aws-cn:iam::444455556666:role/aws:ec2-infrastructure",
        )],
    );
}

#[test]
fn the_encryption_context_tells_the_resource() {
    for (context, service, resource) in [
        (
            r#""aws:s3:arn":"arn:aws:s3:::b/k/e y""#,
            "s3.amazonaws.com",
            "arn:aws:s3:::b/k/e y",
        ),
        (
            r#""aws:s3:arn":"arn:aws:s3:::b""#,
            "s3.amazonaws.com",
            "arn:aws:s3:::b",
        ),
        (
            r#""aws:ebs:id":"vol-1""#,
            "ec2.amazonaws.com",
            "ec2.amazonaws.com:vol-1",
        ),
        (
            r#""aws:rds:db-id":"db-A""#,
            "rds.amazonaws.com",
            "rds.amazonaws.com:db-A",
        ),
        (
            r#""aws:dynamodb:subscriberId":"1","aws:dynamodb:tableName":"Books""#,
            "dynamodb.amazonaws.com",
            "dynamodb.amazonaws.com:Books",
        ),
        (
            r#""SecretARN":"arn:aws:secretsmanager:us-east-1:1:secret:s-1","SecretVersionId":"v""#,
            "secretsmanager.amazonaws.com",
            "arn:aws:secretsmanager:us-east-1:1:secret:s-1",
        ),
        (
            r#""PARAMETER_ARN":"arn:aws:ssm:us-east-1:1:parameter/p""#,
            "ssm.amazonaws.com",
            "arn:aws:ssm:us-east-1:1:parameter/p",
        ),
        (
            r#""aws:lambda:FunctionArn":"arn:aws:lambda:us-east-1:1:function:f""#,
            "lambda.amazonaws.com",
            "arn:aws:lambda:us-east-1:1:function:f",
        ),
        (
            r#""aws:new:thing":"arn:aws:new:us-east-1:1:thing/t""#,
            "new.amazonaws.com",
            "arn:aws:new:us-east-1:1:thing/t",
        ),
        (r#""aws:new:thing":"t""#, "null", "null"),
        (r#""purpose":"arn:aws:s3:::b""#, "null", "null"),
        (r#""aws:s3:arn":"""#, "null", "null"),
        (r#""aws:s3:arn":5"#, "null", "null"),
    ] {
        check(
            "Decrypt",
            &format!(r#""requestParameters":{{"encryptionContext":{{{context}}}}}"#),
            &[
                ("service", service),
                ("resource", resource),
                ("encryption_context", &format!("{{{context}}}")),
            ],
        );
    }
    check(
        "Decrypt",
        r#""userIdentity":{"invokedBy":"backup.amazonaws.com"},"requestParameters":{"encryptionContext":{"purpose":"mine"}}"#,
        &[
            ("service", "backup.amazonaws.com"),
            ("resource", "null"),
            ("resource_list", "null"),
        ],
    );
}

#[test]
fn contexts_of_a_reencrypt_and_of_a_grant() {
    check(
        "ReEncrypt",
        r#""requestParameters":{"sourceEncryptionContext":{"aws:ebs:id":"snap-1"},"destinationEncryptionContext":{"aws:ebs:id":"vol-2"}}"#,
        &[
            ("encryption_context", r#"{"aws:ebs:id":"snap-1"}"#),
            (
                "destination_encryption_context",
                r#"{"aws:ebs:id":"vol-2"}"#,
            ),
            ("resource", "ec2.amazonaws.com:snap-1"),
            (
                "resource_list",
                "[ec2.amazonaws.com:snap-1, ec2.amazonaws.com:vol-2]",
            ),
        ],
    );
    check(
        "CreateGrant",
        r#""requestParameters":{"constraints":{"encryptionContextSubset":{"aws:ebs:id":"vol-1"}}},"responseElements":{"grantId":"g-1"}"#,
        &[("resource", "ec2.amazonaws.com:vol-1"), ("grant_id", "g-1")],
    );
}

#[test]
fn uses_that_are_nobodys_work_are_labeled() {
    let delivery = r#""userIdentity":{"type":"AWSService","invokedBy":"cloudtrail.amazonaws.com"},"requestParameters":{"encryptionContext":{"aws:cloudtrail:arn":"arn:aws:cloudtrail:us-east-1:1:trail/t"}}"#;
    check(
        "GenerateDataKey",
        delivery,
        &[
            ("use_label", "cloudtrail_delivery"),
            ("service", "cloudtrail.amazonaws.com"),
        ],
    );
    check("Decrypt", delivery, &[("use_label", "null")]);
    check(
        "Decrypt",
        r#""userAgent":"keytrail/0.1.0 aws-sdk-rust""#,
        &[("use_label", "self")],
    );
    check(
        "Decrypt",
        r#""userAgent":"aws-cli/2""#,
        &[("use_label", "null")],
    );
}

#[test]
fn circumstances_of_the_call() {
    check(
        "Decrypt",
        r#""readOnly":true,"managementEvent":true,"sessionCredentialFromConsole":"true","sourceIPAddress":"s3.amazonaws.com","userAgent":"=cmd()","vpcEndpointId":"vpce-1","requestID":"r","sharedEventID":"s","recipientAccountId":"1","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"kms.us-east-1.amazonaws.com","keyExchange":"X25519MLKEM768"},"additionalEventData":{"keyMaterialId":"m-1","recipient":{"attestationDocumentModuleId":"i-1-enc1","attestationDocumentEnclaveImageDigest":"abc"}}"#,
        &[
            ("is_read_only", "true"),
            ("is_management_event", "true"),
            ("is_console", "true"),
            ("source_ip", "s3.amazonaws.com"),
            ("user_agent", "=cmd()"),
            ("vpc_endpoint_id", "vpce-1"),
            ("request_id", "r"),
            ("shared_event_id", "s"),
            ("recipient_account_id", "1"),
            ("tls_version", "TLSv1.3"),
            ("tls_cipher_suite", "TLS_AES_128_GCM_SHA256"),
            ("tls_host", "kms.us-east-1.amazonaws.com"),
            ("tls_key_exchange", "X25519MLKEM768"),
            ("key_material_id", "m-1"),
            ("attestation_module_id", "i-1-enc1"),
            ("attestation_image_digest", "abc"),
        ],
    );
    check(
        "ReEncrypt",
        r#""additionalEventData":{"sourceKeyMaterialId":"m-1","destinationKeyMaterialId":"m-2"}"#,
        &[
            ("key_material_id", "m-1"),
            ("destination_key_material_id", "m-2"),
        ],
    );
    check(
        "Decrypt",
        r#""vpcEndpointId":"AWS Internal""#,
        &[("vpc_endpoint_id", "AWS Internal")],
    );
}

#[test]
fn a_lone_surrogate_becomes_the_replacement_in_a_column_alone() {
    let members = r#""userAgent":"a\ud800b","awsRegion":"\ud83d\ude00""#;
    check(
        "Decrypt",
        members,
        &[("user_agent", "a\u{fffd}b"), ("region", "😀")],
    );
    assert!(decode_event("Decrypt", members).originals[0].contains(r"a\ud800b"));
}

#[test]
fn the_life_of_a_key() {
    check(
        "RetireGrant",
        r#""requestParameters":null,"additionalEventData":{"grantId":"g-1"}"#,
        &[("grant_id", "g-1")],
    );
    check(
        "ScheduleKeyDeletion",
        r#""requestParameters":{"keyId":"k","pendingWindowInDays":7},"responseElements":{"deletionDate":"Apr 12, 2021 18:58:30 PM"}"#,
        &[
            ("pending_window_days", "7"),
            ("deletion_date", "2021-04-12T18:58:30Z"),
        ],
    );
    for (date, shown) in [
        ("Jul 29, 2021, 11:53:36 PM", "2021-07-29T23:53:36Z"),
        ("Nov 4, 2014 12:52:59 AM", "2014-11-04T00:52:59Z"),
        ("some day", "null"),
    ] {
        check(
            "ScheduleKeyDeletion",
            &format!(
                r#""requestParameters":{{"keyId":"k"}},"responseElements":{{"deletionDate":"{date}"}}"#
            ),
            &[("pending_window_days", "30"), ("deletion_date", shown)],
        );
    }
    check(
        "CancelKeyDeletion",
        "",
        &[("pending_window_days", "null"), ("deletion_date", "null")],
    );
    check(
        "ConnectCustomKeyStore",
        r#""requestParameters":{"customKeyStoreId":"cks-1"}"#,
        &[("custom_key_store_id", "cks-1"), ("key_arn", "null")],
    );
}

#[test]
fn corrections_and_network_activity() {
    check(
        "Decrypt",
        r#""addendum":{"reason":"UPDATED_DATA","updatedFields":"responseElements","originalRequestID":"r","originalEventID":"e"}"#,
        &[
            ("is_correction", "true"),
            ("addendum_reason", "UPDATED_DATA"),
            ("original_event_id", "e"),
        ],
    );
    check(
        "Decrypt",
        r#""addendum":{"reason":"DELIVERY_DELAY"}"#,
        &[
            ("is_correction", "false"),
            ("addendum_reason", "DELIVERY_DELAY"),
            ("original_event_id", "null"),
        ],
    );
    let network = r#""eventType":"AwsVpceEvent","eventCategory":"NetworkActivity","errorCode":"VpceAccessDenied","errorMessage":"The request was denied due to a VPC endpoint policy","vpcEndpointId":"vpce-1","userIdentity":{"type":"AWSAccount","accountId":"1"}"#;
    check(
        "Decrypt",
        network,
        &[
            ("event_type", "AwsVpceEvent"),
            ("event_category", "NetworkActivity"),
            ("outcome", "denied"),
            ("denied_by", "vpc_endpoint_policy"),
            ("is_read_only", "null"),
            ("key_arn", "null"),
            ("caller", "account:1"),
        ],
    );
    assert_eq!(
        decode_event("Decrypt", network).report.kind.word(),
        "network_activity"
    );
}

#[test]
fn versions_are_kept_as_they_are_and_unknown_members_too() {
    let members = r#""eventVersion":"1.99","somethingNew":{"a":[1.50]}"#;
    check("Decrypt", members, &[("event_version", "1.99")]);
    let decoded = decode_event("Decrypt", members);
    assert!(decoded.originals[0].contains(r#""somethingNew":{"a":[1.50]}"#));
}
