//! `keytrail verify`: what can be proven of the logs, for people.

use std::fmt::Write as _;
use std::num::NonZero;

use super::args::VerifyArgs;
use super::error::{to_stderr, to_stdout};
use super::events::HOST;
use super::numbers::grouped;
use super::session::StoreChoice;
use super::{ExitStatus, notes};
use crate::integrity::{DigestStatus, Finding, LogStatus, Verified};
use crate::render::visible;
use crate::service::{VerifyOptions, verify};

/// Findings that are named; all are in `verified_files`.
const SHOWN_MAX: usize = 100;
/// Who else may have delivered logs that no digest names.
const UNNAMED_HINT: &str = "hint: a trail without digests may deliver to the same account and region; if the table `trails` describes it, its logs are reported as its own\n";
/// Where digests are to be had.
const NO_DIGEST_HINT: &str = "\nhint: digests are in the folders CloudTrail-Digest next to CloudTrail, where the trail validates its logs; `keytrail ingest` reads them\n";
/// What to do about digests whose signatures were lost.
const UNSIGNED_HINT: &str = "hint: a copy loses the signatures of digests; `keytrail fetch-signatures s3://bucket/prefix DIR` gets them, and the next `keytrail verify` takes them\n";

pub(super) async fn run(place: &StoreChoice, args: VerifyArgs) -> anyhow::Result<ExitStatus> {
    let cpus = std::thread::available_parallelism().map_or(1, NonZero::get);
    let options = VerifyOptions {
        from: args.from,
        to: args.to,
        accounts: args.account,
        regions: args.log_region,
        public_keys: args.public_keys,
        access: args.aws.into(),
        threads: args.threads.map_or(cpus, usize::from),
    };
    let outcome = Box::pin(verify(&place.at(), &options, HOST)).await?;
    let verified = &outcome.verified;
    to_stdout(&if args.json {
        format!("{}\n", serde_json::to_string_pretty(verified)?)
    } else {
        describe(verified)
    })?;
    to_stderr(&hints(verified));
    notes::print(&notes::of_runs(&outcome.unfinished_runs));
    Ok(if verified.has_findings() {
        ExitStatus::Findings
    } else if verified.is_incomplete() {
        ExitStatus::Incomplete
    } else {
        ExitStatus::Success
    })
}

fn describe(verified: &Verified) -> String {
    let mut text = String::new();
    let mut line = |label: &str, count: u64| {
        let _infallible = writeln!(text, "{label:<60}{:>14}", grouped(count));
    };
    line("digests", verified.digests.values().sum());
    for (status, count) in &verified.digests {
        line(&format!("  {}", digest_words(*status)), *count);
    }
    line("logs", verified.logs.values().sum());
    for (status, count) in &verified.logs {
        line(&format!("  {}", log_words(*status)), *count);
        if *status == LogStatus::NotInDigest {
            for (reason, count) in &verified.unproven {
                line(&format!("    of these: {reason}"), *count);
            }
        }
    }
    let others = [
        (
            "archived digests, which prove nothing until they are restored",
            verified.digests_archived,
        ),
        ("archived logs, not judged", verified.logs_archived),
    ];
    for (label, count) in others {
        if count > 0 {
            line(label, count);
        }
    }
    line(
        "read again, since they had never been hashed",
        verified.objects_read,
    );
    line("signatures checked", verified.signatures_checked);
    line("new or changed findings recorded", verified.changes);
    list(
        &mut text,
        "could not be read now, and are not judged",
        &verified.unread,
    );
    if verified.has_findings() {
        list(&mut text, "wrong", &verified.wrong);
    } else {
        let _infallible = writeln!(text, "\n{}", nothing_wrong(verified));
    }
    text
}

/// What it means that nothing was found wrong.
fn nothing_wrong(verified: &Verified) -> String {
    let logs: u64 = verified.logs.values().sum();
    let proven = verified.logs.get(&LogStatus::Verified).copied();
    let unproven = logs - proven.unwrap_or(0);
    if verified.is_empty() {
        "nothing verified: the store has no log or digest of this window".to_owned()
    } else if verified.digests.is_empty() {
        let digests = match verified.digests_archived {
            0 => "the store has no digest of them".to_owned(),
            archived => format!("the digests are archived ({})", grouped(archived)),
        };
        let logs = grouped(logs + verified.logs_archived);
        format!("nothing proven: {logs} logs, and {digests}")
    } else if !verified.unread.is_empty() {
        let unread = grouped(verified.unread.len() as u64);
        format!("wrong: nothing in what could be read; {unread} objects could not be read now")
    } else if unproven > 0 {
        let (unproven, logs) = (grouped(unproven), grouped(logs));
        format!("wrong: nothing; {unproven} of {logs} logs are not proven, for the reasons above")
    } else {
        "wrong: nothing".to_owned()
    }
}

fn list(text: &mut String, title: &str, findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    let _infallible = writeln!(text, "\n{title}:");
    for finding in findings.iter().take(SHOWN_MAX) {
        let (location, message) = (visible(&finding.location), visible(&finding.message));
        let _infallible = writeln!(text, "  {location}\n    {}: {message}", finding.status);
    }
    if findings.len() > SHOWN_MAX {
        let more = grouped((findings.len() - SHOWN_MAX) as u64);
        let _infallible = writeln!(
            text,
            "  … and {more} more: keytrail sql \"select location, status, reason from verified_files where status not in ('verified', 'valid', 'chain_start')\""
        );
    }
}

fn digest_words(status: DigestStatus) -> &'static str {
    match status {
        DigestStatus::Valid => "valid",
        DigestStatus::ChainStart => "valid, the first of a chain",
        DigestStatus::ChainBroken => "chain broken",
        DigestStatus::BadSignature => "bad signature",
        DigestStatus::UnknownKey => "unknown key",
    }
}

fn log_words(status: LogStatus) -> &'static str {
    match status {
        LogStatus::Verified => "verified",
        LogStatus::HashMismatch => "hash mismatch",
        LogStatus::NotInDigest => "in no digest that can be believed",
        LogStatus::Missing => "missing",
    }
}

/// What else is to be known.
fn hints(verified: &Verified) -> String {
    let mut text = String::new();
    if !verified.has_findings() && verified.is_incomplete() {
        let why = if verified.is_empty() {
            "there was nothing to verify"
        } else if verified.digests.is_empty() {
            "without a digest nothing is proven"
        } else {
            "not everything could be read"
        };
        let _infallible = writeln!(text, "warning: {why}, so the exit code is 2");
    }
    if verified.digests.is_empty() && !verified.is_empty() {
        text.push_str(NO_DIGEST_HINT);
    }
    let is_unnamed = |finding: &Finding| finding.status == LogStatus::NotInDigest.word();
    if verified.wrong.iter().any(is_unnamed) {
        text.push_str(UNNAMED_HINT);
    }
    let is_unsigned = |finding: &Finding| finding.message == crate::integrity::NO_SIGNATURE;
    if verified.wrong.iter().any(is_unsigned) {
        text.push_str(UNSIGNED_HINT);
    }
    text
}
