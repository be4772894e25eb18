//! What goes wrong in the month, and what AWS would say of the organization.

use crate::organization::{Fault, LeftOut, Plan, Span, Spot};

/// A member without any log.
pub(super) const SILENT: &str = "555566667777";
/// A region that the first account has enabled and of which nothing is delivered.
pub(super) const SILENT_REGION: &str = "eu-north-1";
/// A region that the last account never enabled.
pub(super) const NEVER_ENABLED: &str = "af-south-1";
/// The hour with which the third account is a member.
pub(super) const JOINED: i64 = 250;
/// The hour in which the second account is in no list of members any more.
pub(super) const LEFT: i64 = 650;
/// The hour in which AWS was asked first, of the trail alone: it left KMS out.
pub(super) const ASKED_EARLY: i64 = 10;
/// The hour in which AWS was asked for the first list of members.
pub(super) const LISTED_EARLY: i64 = 100;
/// The hour in which AWS was asked last.
pub(super) const ASKED: i64 = 700;

/// The month.
pub(super) fn plan() -> Plan {
    let plan = Plan::new(4, 3, 30);
    let spot = |account: usize, region: usize, hour| Spot {
        account: plan.accounts[account],
        region: plan.regions[region],
        hour,
    };
    let span = |account: usize, region: usize, from, until| Span {
        account: plan.accounts[account],
        region: plan.regions[region],
        from,
        until,
    };
    // The last window has the events of the last hour's end.
    let end = plan.hours + 1;
    let faults = [
        Fault::LeavesOut(-1, 30, LeftOut::KmsBasic),
        Fault::LeavesOut(60, 66, LeftOut::KmsBasic),
        Fault::LeavesOut(90, 97, LeftOut::KmsAdvanced),
        Fault::LeavesOut(120, 130, LeftOut::Reads),
        Fault::Stopped(160, 170),
        Fault::ValidationOff(200, 206),
        // The owner's own account and region.
        Fault::Late(spot(0, 0, 260), 30),
        Fault::Forged(spot(0, 0, 280)),
        Fault::TamperedLog(spot(0, 0, 330)),
        Fault::Recompressed(spot(0, 0, 340)),
        // Nothing but silence, and one digest of it is gone.
        Fault::Quiet(span(0, 2, 260, 340)),
        Fault::DroppedDigest(spot(0, 2, 300)),
        Fault::DroppedDigest(spot(0, 2, 420)),
        Fault::DroppedLog(spot(1, 0, 300)),
        Fault::Late(spot(1, 0, 360), 30),
        Fault::DroppedLog(spot(1, 0, 360)),
        Fault::SwappedDigests(spot(1, 1, 350), 356),
        Fault::SwappedDigests(spot(1, 1, 420), 421),
        Fault::Gap(span(1, 2, 400, 424)),
        Fault::BadSignature(spot(2, 0, 400)),
        Fault::UnknownKey(spot(2, 1, 400)),
        Fault::TamperedDigest(spot(2, 1, 450)),
        Fault::NoJson(spot(2, 1, 500)),
        Fault::Archived(span(2, 2, 420, 470)),
        Fault::Backfill(spot(3, 0, 300)),
        Fault::Late(spot(3, 0, 350), 25),
        // Quiet to the end.
        Fault::Quiet(span(3, 1, 210, plan.hours)),
        // Disabled in the end.
        Fault::Gap(span(3, 2, 600, end)),
    ];
    let gaps = (0..3).flat_map(|region| {
        [
            Fault::Gap(span(1, region, LEFT - 10, end)),
            Fault::Gap(span(2, region, 0, JOINED)),
        ]
    });
    let gaps: Vec<Fault> = gaps.collect();
    plan.clone().with(faults).with(gaps)
}
