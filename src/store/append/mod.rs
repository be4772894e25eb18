//! Adding rows: sorted files with statistics, committed exactly once.

pub(in crate::store) mod cells;
pub(in crate::store) mod checked;
pub(in crate::store) mod commit;
pub(in crate::store) mod dedupe;
pub(in crate::store) mod encode;
pub(in crate::store) mod retold;
pub(in crate::store) mod run;
pub(in crate::store) mod stamp;
