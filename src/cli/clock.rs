//! The clock. Everything else is handed the time.

use chrono::Utc;

/// Now, in microseconds since 1970.
pub(super) fn now_micros() -> i64 {
    Utc::now().timestamp_micros()
}
