//! What an event says of its keys becomes these columns.

use crate::decoded::{Decoded, decode};

const K1: &str = "arn:aws:kms:us-east-1:111122223333:key/11111111-1111-1111-1111-111111111111";
const K2: &str = "arn:aws:kms:us-east-1:111122223333:key/22222222-2222-2222-2222-222222222222";
const ID1: &str = "11111111-1111-1111-1111-111111111111";
const ID2: &str = "22222222-2222-2222-2222-222222222222";
const ALIAS: &str = "arn:aws:kms:us-east-1:111122223333:alias/app";

/// Decodes one KMS event with these members, in which `<K1>` and the like stand for ARNs and ids.
#[track_caller]
pub(crate) fn decode_event(name: &str, members: &str) -> Decoded {
    let comma = if members.is_empty() { "" } else { "," };
    let event = fill(&format!(
        r#"{{"eventVersion":"1.11","eventTime":"2026-03-01T12:00:00Z","eventSource":"kms.amazonaws.com","eventID":"x","eventName":"{name}"{comma}{members}}}"#
    ));
    let decoded = decode(event.as_bytes());
    assert_eq!(decoded.report.state(), "ok", "{event}");
    decoded
}

/// One KMS event with these members has these columns.
#[track_caller]
pub(crate) fn check(name: &str, members: &str, columns: &[(&str, &str)]) {
    let decoded = decode_event(name, members);
    let row = decoded.kms_rows()[0];
    for (column, expected) in columns {
        assert_eq!(row.shown(column), fill(expected), "{column} of {members}");
    }
}

fn fill(text: &str) -> String {
    text.replace("<K1>", K1)
        .replace("<K2>", K2)
        .replace("<ID1>", ID1)
        .replace("<ID2>", ID2)
        .replace("<ALIAS>", ALIAS)
}

#[test]
fn the_key_is_the_resource_whatever_was_typed() {
    let resource =
        r#""resources":[{"ARN":"<K1>","accountId":"111122223333","type":"AWS::KMS::Key"}]"#;
    for typed in ["<ID1>", "<K1>", "alias/app", "<ALIAS>", "mrk-1234"] {
        check(
            "Decrypt",
            &format!(r#"{resource},"requestParameters":{{"keyId":"{typed}"}}"#),
            &[
                ("key_arn", "<K1>"),
                ("key_as_typed", typed),
                ("key_source", "resources"),
            ],
        );
    }
    check(
        "Decrypt",
        resource,
        &[("key_arn", "<K1>"), ("key_as_typed", "null")],
    );
    for odd in [
        r#""resources":[{"ARN":"<K1>","accountId":"AWS Internal"}]"#,
        r#""resources":[{"ARN":"<K1>"}],"requestParameters":null"#,
        r#""resources":[null,{},{"type":"AWS::KMS::Key"},{"ARN":"<K1>"}]"#,
    ] {
        check(
            "Decrypt",
            odd,
            &[("key_arn", "<K1>"), ("key_source", "resources")],
        );
    }
    for none in [
        r#""resources":null"#,
        r#""resources":[]"#,
        r#""resources":"x""#,
        r#""x":1"#,
    ] {
        check(
            "GenerateRandom",
            none,
            &[("key_arn", "null"), ("key_source", "null")],
        );
    }
    for arn in [
        "arn:aws-cn:kms:cn-north-1:111122223333:key/<ID1>",
        "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/<ID1>",
        "arn:aws-eusc:kms:eusc-de-east-1:111122223333:key/<ID1>",
        "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab",
    ] {
        let members = format!(r#""awsRegion":"us-east-1","resources":[{{"ARN":"{arn}"}}]"#);
        check(
            "Decrypt",
            &members,
            &[("key_arn", arn), ("region", "us-east-1")],
        );
    }
}

#[test]
fn a_key_is_never_formed_from_what_was_typed() {
    for typed in [
        "<ID1>",
        "alias/app",
        "<ALIAS>",
        "mrk-1234abcd12ab34cd56ef1234567890ab",
    ] {
        check(
            "DescribeKey",
            &format!(
                r#""errorCode":"NotFoundException","requestParameters":{{"keyId":"{typed}"}}"#
            ),
            &[
                ("key_arn", "null"),
                ("key_source", "null"),
                ("key_as_typed", typed),
            ],
        );
    }
    check(
        "DescribeKey",
        r#""errorCode":"ThrottlingException","requestParameters":{"keyId":"<K1>"}"#,
        &[("key_arn", "<K1>"), ("key_source", "request")],
    );
}

#[test]
fn keys_in_answers_service_events_and_messages() {
    check(
        "EnableKey",
        r#""requestParameters":{"keyId":"<ID1>"},"responseElements":{"keyId":"<K1>"}"#,
        &[("key_arn", "<K1>"), ("key_source", "response")],
    );
    check(
        "CreateKey",
        r#""responseElements":{"keyMetadata":{"keyId":"<ID1>","arn":"<K1>"}}"#,
        &[
            ("key_arn", "<K1>"),
            ("key_source", "response"),
            ("key_as_typed", "null"),
        ],
    );
    check(
        "RotateKey",
        r#""eventType":"AwsServiceEvent","requestParameters":null,"serviceEventDetails":{"keyId":"<K1>"}"#,
        &[("key_arn", "<K1>"), ("key_source", "service_event")],
    );
    check(
        "RotateKey",
        r#""requestParameters":null,"serviceEventDetails":{"keyId":"<ID1>"}"#,
        &[("key_arn", "null"), ("key_as_typed", "null")],
    );
    for message in [
        "User: arn:aws:sts::111122223333:assumed-role/r/s is not authorized to perform: kms:Decrypt on resource: <K1> because no resource-based policy allows the kms:Decrypt action",
        "<K1> is disabled.",
        "<K1> is pending deletion.",
        "Key '<K1>' does not exist",
    ] {
        check(
            "Decrypt",
            &format!(r#""errorCode":"x","errorMessage":"{message}""#),
            &[("key_arn", "<K1>"), ("key_source", "error_message")],
        );
    }
    check(
        "Decrypt",
        r#""errorCode":"AccessDenied","errorMessage":"User: arn:aws:iam::1:user/a is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext""#,
        &[("key_arn", "null"), ("outcome", "denied")],
    );
    // Three causes are possible, so none is told.
    check(
        "Decrypt",
        r#""errorCode":"AccessDenied","errorMessage":"User: arn:aws:iam::1:user/a is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access""#,
        &[("outcome", "denied"), ("denied_by", "null")],
    );
    check(
        "ReplicateKey",
        r#""requestParameters":{"keyId":"<ID1>"},"resources":[{"ARN":"<K1>"}],"responseElements":{"replicaKeyMetadata":{"arn":"<K2>"}}"#,
        &[("key_arn", "<K1>"), ("destination_key_arn", "<K2>")],
    );
}

#[test]
fn the_two_keys_of_a_reencrypt() {
    let both = [("key_arn", "<K1>"), ("destination_key_arn", "<K2>")];
    let in_order = r#""resources":[{"ARN":"<K1>"},{"ARN":"<K2>"}]"#;
    let reversed = r#""resources":[{"ARN":"<K2>"},{"ARN":"<K1>"}]"#;
    check("ReEncrypt", in_order, &both);
    for typed in [
        r#""sourceKeyId":"<ID1>","destinationKeyId":"<ID2>""#,
        r#""sourceKeyId":"<K1>","destinationKeyId":"alias/other""#,
        r#""destinationKeyId":"<K2>""#,
        r#""sourceKeyId":"<ID1>""#,
    ] {
        for resources in [in_order, reversed] {
            check(
                "ReEncrypt",
                &format!(r#"{resources},"requestParameters":{{{typed}}}"#),
                &both,
            );
        }
    }
    check(
        "ReEncrypt",
        r#""resources":[{"ARN":"<K1>"},{"ARN":"<K1>"}],"requestParameters":{"destinationKeyId":"<ID1>"}"#,
        &[
            ("key_arn", "<K1>"),
            ("destination_key_arn", "<K1>"),
            ("key_as_typed", "null"),
            ("destination_key_as_typed", "<ID1>"),
        ],
    );
    check(
        "ReEncrypt",
        r#""requestParameters":{"sourceKeyId":"<K1>","destinationKeyId":"<K2>"}"#,
        &[
            ("key_arn", "<K1>"),
            ("key_source", "request"),
            ("destination_key_arn", "<K2>"),
        ],
    );
}

#[test]
fn a_failed_reencrypt_may_name_a_key_in_its_message_alone() {
    let denied = |action: &str, key: &str| {
        format!(
            r#""errorCode":"AccessDenied","errorMessage":"User: arn:aws:iam::1:user/a is not authorized to perform: kms:{action} on resource: {key}""#
        )
    };
    let to = denied("ReEncryptTo", "<K2>");
    let from = denied("ReEncryptFrom", "<K1>");
    let disabled = r#""errorCode":"DisabledException","errorMessage":"<K2> is disabled.""#;
    let typed = |typed: &str| format!(r#","requestParameters":{{{typed}}}"#);
    check(
        "ReEncrypt",
        &to,
        &[("key_arn", "null"), ("destination_key_arn", "<K2>")],
    );
    check(
        "ReEncrypt",
        &from,
        &[
            ("key_arn", "<K1>"),
            ("key_source", "error_message"),
            ("destination_key_arn", "null"),
        ],
    );
    // What was typed names one key, and the message the other.
    let both = [("key_arn", "<K1>"), ("destination_key_arn", "<K2>")];
    check(
        "ReEncrypt",
        &(to + &typed(r#""sourceKeyId":"<K1>""#)),
        &both,
    );
    check(
        "ReEncrypt",
        &(from.clone() + &typed(r#""destinationKeyId":"<K2>""#)),
        &both,
    );
    check(
        "ReEncrypt",
        &(disabled.to_owned() + &typed(r#""sourceKeyId":"<K1>","destinationKeyId":"alias/b""#)),
        &both,
    );
    // The same key twice is no news.
    let destination = [("key_arn", "null"), ("destination_key_arn", "<K2>")];
    check(
        "ReEncrypt",
        &(disabled.to_owned() + &typed(r#""destinationKeyId":"<K2>""#)),
        &destination,
    );
    check(
        "ReEncrypt",
        &(disabled.to_owned() + &typed(r#""destinationKeyId":"<ID2>""#)),
        &destination,
    );
    let source = [("key_arn", "<K1>"), ("destination_key_arn", "null")];
    check(
        "ReEncrypt",
        &(from + &typed(r#""sourceKeyId":"<K1>""#)),
        &source,
    );
}

#[test]
fn alias_operations_have_a_key_and_an_alias_in_either_order() {
    let key = r#"{"ARN":"<K1>","type":"AWS::KMS::Key"}"#;
    let alias = r#"{"ARN":"<ALIAS>","type":"AWS::KMS::Key"}"#;
    for resources in [format!("{key},{alias}"), format!("{alias},{key}")] {
        let resources = format!(r#""resources":[{resources}]"#);
        for name in ["CreateAlias", "UpdateAlias"] {
            check(
                name,
                &format!(
                    r#"{resources},"requestParameters":{{"aliasName":"alias/app","targetKeyId":"<ID1>"}}"#
                ),
                &[
                    ("key_arn", "<K1>"),
                    ("key_as_typed", "<ID1>"),
                    ("alias_name", "alias/app"),
                ],
            );
        }
        check(
            "DeleteAlias",
            &format!(r#"{resources},"requestParameters":{{"aliasName":"alias/app"}}"#),
            &[
                ("key_arn", "<K1>"),
                ("key_as_typed", "alias/app"),
                ("alias_name", "alias/app"),
            ],
        );
    }
    check(
        "DeleteAlias",
        r#""resources":[{"ARN":"<ALIAS>"}],"requestParameters":{"aliasName":"alias/app"}"#,
        &[("key_arn", "null"), ("key_as_typed", "alias/app")],
    );
}

/// What an operation does that no list knows may be done with both.
#[test]
fn an_unknown_operation_has_each_key_that_it_lists() {
    let listed = r#""resources":[{"ARN":"<K1>"},{"ARN":"<ALIAS>"},{"ARN":"<K2>"}]"#;
    let columns = |destination| {
        [
            ("key_arn", "<K1>"),
            ("key_source", "resources"),
            ("destination_key_arn", destination),
        ]
    };
    check("FutureCrypt", listed, &columns("<K2>"));
    check("UpdateAlias", listed, &columns("null"));
    check(
        "FutureCrypt",
        r#""resources":[{"ARN":"<K1>"},{"ARN":"<K1>"}]"#,
        &columns("null"),
    );
    check(
        "FutureCrypt",
        r#""resources":[{"ARN":"<K2>"},{"ARN":"<K1>"}],"requestParameters":{"keyId":"<ID1>"}"#,
        &columns("<K2>"),
    );
    check(
        "FutureCrypt",
        r#""resources":null,"requestParameters":{"keyId":"<K1>"}"#,
        &[("key_arn", "<K1>"), ("destination_key_arn", "null")],
    );
}
