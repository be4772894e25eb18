//! The days that a window cuts in two.
//!
//! Enters: a window. Leaves: for each end, its day, where the end is no midnight and the events of that day are kept, so
//! that they can tell what a count of the whole day cannot.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, NaiveTime, Utc};
use datafusion::common::ScalarValue;
use datafusion::prelude::SessionContext;

use super::known::KnownValues;
use crate::report::values::timestamp;
use crate::report::{ReportError, Window};

/// The placeholders, for the start and for the end.
pub(in crate::report) const CUT_DAYS: [&str; 2] = ["first_cut_day", "last_cut_day"];

const KEPT: &str = "SELECT 'kept' \
    WHERE coalesce(CAST($at AS DATE) >= CAST(retention_horizon('kms_events') AS DATE), true)";

/// The days, as values of the placeholders.
pub(in crate::report) async fn cut_days(
    context: &SessionContext,
    window: &Window,
) -> Result<BTreeMap<String, ScalarValue>, ReportError> {
    let store = KnownValues::new(context);
    let mut days = BTreeMap::new();
    for (name, at) in CUT_DAYS.into_iter().zip([window.since, window.until]) {
        let at = at.filter(|at| at.time() != NaiveTime::MIN);
        let mut day = None;
        if let Some(at) = at {
            let values = BTreeMap::from([("at".to_owned(), timestamp(Some(at)))]);
            let kept = store.bound("the retention", KEPT, &values).await?;
            day = (!kept.is_empty()).then(|| day_of(at));
        }
        days.insert(name.to_owned(), ScalarValue::Date32(day));
    }
    Ok(days)
}

/// Days since 1970.
fn day_of(time: DateTime<Utc>) -> i32 {
    let epoch = DateTime::<Utc>::UNIX_EPOCH.num_days_from_ce();
    time.num_days_from_ce() - epoch
}
