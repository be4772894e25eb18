//! The days that a window cuts in two.
//!
//! Enters: a window. Leaves: for each end, its day, where a count of the daily roll-up reaches over the end and all
//! events of that day are held, so that they can tell what the count cannot. Most windows cut none, and then
//! the roll-up answers alone.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Utc};
use datafusion::common::ScalarValue;
use datafusion::prelude::SessionContext;

use super::known::KnownValues;
use crate::report::values::timestamp;
use crate::report::{ReportError, Window};

/// The placeholders, for the start and for the end.
pub(in crate::report) const CUT_DAYS: [&str; 2] = ["first_cut_day", "last_cut_day"];

const CUT: &str = "SELECT 'cut' FROM usage_daily WHERE event_date = CAST($at AS DATE) \
    AND first_time < $at AND last_time >= $at LIMIT 1";

const WHOLE: &str =
    "SELECT 'whole' FROM stored_days WHERE event_date = CAST($at AS DATE) AND is_whole";

/// The days, as values of the placeholders.
pub(in crate::report) async fn cut_days(
    context: &SessionContext,
    window: &Window,
) -> Result<BTreeMap<String, ScalarValue>, ReportError> {
    let store = KnownValues::new(context);
    let mut days = BTreeMap::new();
    for (name, at) in CUT_DAYS.into_iter().zip([window.since, window.until]) {
        let values = BTreeMap::from([("at".to_owned(), timestamp(at))]);
        let mut day = None;
        if let Some(at) = at {
            let cut = store.bound("usage_daily", CUT, &values).await?;
            if !cut.is_empty() && !store.bound("stored_days", WHOLE, &values).await?.is_empty() {
                day = Some(day_of(at));
            }
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
