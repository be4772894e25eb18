//! Every form of a key's name, on a directory made by hand.

use chrono::{DateTime, Utc};

use super::directory::{AliasPeriod, KeyDirectory, KnownKey, TypedName};
use super::{KeyForm, KeyScope};
use crate::report::{ReportError, Window};

const OWNER: &str = "111111111111";
const OTHER: &str = "222222222222";
const ID_A: &str = "aaaaaaaa-0000-0000-0000-00000000000a";
const ID_B: &str = "bbbbbbbb-0000-0000-0000-00000000000b";
const MRK: &str = "mrk-0123456789abcdef0123456789abcdef";

fn arn(region: &str, account: &str, resource: &str) -> String {
    format!("arn:aws:kms:{region}:{account}:{resource}")
}

fn key(region: &str, account: &str, id: &str) -> KnownKey {
    let key_arn = arn(region, account, &format!("key/{id}"));
    KnownKey {
        key_set: if id.starts_with("mrk-") {
            format!("{account}:{id}")
        } else {
            key_arn.clone()
        },
        arn: key_arn,
        id: id.to_owned(),
        account: account.to_owned(),
        region: region.to_owned(),
    }
}

fn time(text: &str) -> DateTime<Utc> {
    format!("{text}T00:00:00Z")
        .parse()
        .expect("the test writes dates")
}

fn period(
    region: &str,
    account: &str,
    name: &str,
    id: &str,
    from: Option<&str>,
    to: Option<&str>,
) -> AliasPeriod {
    AliasPeriod {
        name: name.to_owned(),
        arn: arn(region, account, name),
        account: account.to_owned(),
        region: region.to_owned(),
        key_arn: arn(region, account, &format!("key/{id}")),
        valid_from: from.map(time),
        valid_to: to.map(time),
    }
}

fn directory() -> KeyDirectory {
    KeyDirectory {
        keys: vec![
            key("eu-west-1", OWNER, ID_A),
            key("eu-west-1", OWNER, ID_B),
            key("us-east-1", OTHER, ID_B),
            key("eu-west-1", OWNER, MRK),
            key("us-east-1", OWNER, MRK),
        ],
        aliases: vec![
            period("eu-west-1", OWNER, "alias/app", ID_A, None, None),
            period(
                "eu-west-1",
                OWNER,
                "alias/moved",
                ID_A,
                None,
                Some("2026-02-01"),
            ),
            period(
                "eu-west-1",
                OWNER,
                "alias/moved",
                ID_B,
                Some("2026-02-01"),
                None,
            ),
            period("eu-west-1", OWNER, "alias/both", ID_A, None, None),
            period("us-east-1", OTHER, "alias/both", ID_B, None, None),
            period("eu-west-1", OWNER, "alias/set", MRK, None, None),
            period("us-east-1", OWNER, "alias/set", MRK, None, None),
        ],
        typed: vec![TypedName {
            name: "alias/gone".to_owned(),
            account: OWNER.to_owned(),
            region: "eu-west-1".to_owned(),
        }],
    }
}

fn check_in(scope: &KeyScope<'_>, typed: &str, expected: &[&str]) {
    let resolved = match directory().resolve(typed, scope) {
        Ok(resolved) => [resolved.arns, resolved.names].concat(),
        Err(error) => error.to_string().lines().map(str::to_owned).collect(),
    };
    assert_eq!(resolved, expected, "{typed}");
}

fn check(typed: &str, expected: &[&str]) {
    check_in(&KeyScope::default(), typed, expected);
}

#[test]
fn every_form_finds_its_key() {
    let a = arn("eu-west-1", OWNER, &format!("key/{ID_A}"));
    for typed in [
        ID_A,
        &ID_A.to_uppercase(),
        &format!(" key/{ID_A} "),
        &a,
        &a.replace(ID_A, &ID_A.to_uppercase()),
        "alias/app",
        "app",
        &arn("eu-west-1", OWNER, "alias/app"),
    ] {
        check(typed, &[&a]);
    }
}

#[test]
fn a_multi_region_id_or_alias_means_the_set_and_an_arn_its_member() {
    let eu = arn("eu-west-1", OWNER, &format!("key/{MRK}"));
    let us = arn("us-east-1", OWNER, &format!("key/{MRK}"));
    check(MRK, &[&eu, &us]);
    check("alias/set", &[&eu, &us]);
    check(&us, &[&us]);
    let scope = KeyScope {
        region: Some("us-east-1"),
        ..KeyScope::default()
    };
    check_in(&scope, MRK, &[&us]);
}

#[test]
fn an_ambiguous_name_is_an_error_until_it_is_narrowed() {
    let a = arn("eu-west-1", OWNER, &format!("key/{ID_A}"));
    let b = arn("eu-west-1", OWNER, &format!("key/{ID_B}"));
    let advice = "name one by its ARN, or narrow with --account, --region, --since and --until";
    let place = format!("alias/moved in {OWNER} eu-west-1, from");
    check(
        "alias/moved",
        &[
            "`alias/moved` means 2 keys",
            "",
            "hint: one of",
            &format!("  {a} ({place} the first log to 2026-02-01T00:00:00Z)"),
            &format!("  {b} ({place} 2026-02-01T00:00:00Z to now)"),
            advice,
        ],
    );
    let window = |since: &str, until: &str| Window {
        since: Some(time(since)),
        until: Some(time(until)),
    };
    check_in(
        &KeyScope {
            window: window("2026-01-01", "2026-02-01"),
            ..KeyScope::default()
        },
        "moved",
        &[&a],
    );
    check_in(
        &KeyScope {
            window: window("2026-02-01", "2026-03-01"),
            ..KeyScope::default()
        },
        "moved",
        &[&b],
    );
}

#[test]
fn an_id_or_alias_of_two_accounts_is_narrowed_by_account_or_region() {
    let a = arn("eu-west-1", OWNER, &format!("key/{ID_A}"));
    let b = arn("eu-west-1", OWNER, &format!("key/{ID_B}"));
    let foreign = arn("us-east-1", OTHER, &format!("key/{ID_B}"));
    let advice = "name one by its ARN, or narrow with --account, --region, --since and --until";
    check(
        ID_B,
        &[
            &format!("`{ID_B}` means 2 keys"),
            "",
            "hint: one of",
            &format!("  {b}"),
            &format!("  {foreign}"),
            advice,
        ],
    );
    check_in(
        &KeyScope {
            account: Some(OTHER),
            ..KeyScope::default()
        },
        ID_B,
        &[&foreign],
    );
    check_in(
        &KeyScope {
            account: Some(OTHER),
            ..KeyScope::default()
        },
        "alias/both",
        &[&foreign],
    );
    check_in(
        &KeyScope {
            region: Some("eu-west-1"),
            ..KeyScope::default()
        },
        "alias/both",
        &[&a],
    );
}

#[test]
fn an_unknown_key_names_the_nearest() {
    let a = arn("eu-west-1", OWNER, &format!("key/{ID_A}"));
    let typo = format!("{}b", &ID_A[..ID_A.len() - 1]);
    check(
        &typo,
        &[
            &format!("no key `{typo}` is in the stored logs"),
            "",
            "hint: nearest",
            &format!("  {a}"),
        ],
    );
    check(
        "alias/apq",
        &[
            "no key `alias/apq` is in the stored logs",
            "",
            "hint: nearest",
            &format!("  {}", arn("eu-west-1", OWNER, "alias/app")),
        ],
    );
    check(
        "nothing-like-it",
        &["no key `nothing-like-it` is in the stored logs"],
    );
    let scope = KeyScope {
        account: Some("333333333333"),
        region: Some("eu-west-1"),
        ..KeyScope::default()
    };
    let error = directory()
        .resolve(ID_A, &scope)
        .expect_err("another account")
        .to_string();
    assert!(
        error.starts_with(&format!(
            "no key `{ID_A}` is in the stored logs (account 333333333333, region eu-west-1)"
        )),
        "{error}"
    );
}

#[test]
fn a_name_that_was_only_typed_stands_for_itself() {
    check("alias/gone", &["alias/gone"]);
    check("gone", &["alias/gone"]);
    let elsewhere = KeyScope {
        region: Some("us-east-1"),
        ..KeyScope::default()
    };
    assert!(matches!(
        directory().resolve("gone", &elsewhere),
        Err(ReportError::UnknownKey { .. })
    ));
}

#[test]
fn what_cannot_name_a_key_is_refused() {
    check("  ", &["`  ` cannot name a key: it is empty"]);
    check(
        "arn:aws:s3:::bucket",
        &["`arn:aws:s3:::bucket` cannot name a key: it is an ARN of `s3`, give one of `kms`"],
    );
    check(
        "arn:aws:kms",
        &["`arn:aws:kms` cannot name a key: an ARN has six parts"],
    );
    for text in [
        "arn:aws:kms:eu-west-1:1:key/",
        "arn:aws:kms:eu-west-1:1:grant/x",
        "arn:aws:kms:eu-west-1:1:alias/",
    ] {
        assert!(
            matches!(KeyForm::parse(text), Err(ReportError::InvalidKey { .. })),
            "{text}"
        );
    }
    check(
        "a\u{1b}[2Jb",
        &["no key `a\\u{1b}[2Jb` is in the stored logs"],
    );
}
