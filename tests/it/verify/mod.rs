//! `keytrail verify` over organization trails of our own making, with what is planted in them known.

pub(crate) mod bench;
mod bucket;
mod copies;
mod increments;
mod keys;
mod planted;
mod shown;
mod signatures;
