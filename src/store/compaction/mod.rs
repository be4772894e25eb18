//! Fewer, larger files: which are merged, how they are written again, and what is deleted in the end.

pub(in crate::store) mod compact;
pub(in crate::store) mod days;
pub(in crate::store) mod rewrite;
pub(in crate::store) mod sums;
pub(in crate::store) mod tiers;
pub(in crate::store) mod vacuum;
