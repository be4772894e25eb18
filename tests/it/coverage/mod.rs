//! Every hour of an organization's trail, as the program says that it is covered, against what was planted.
//!
//! Enters: a trail of four accounts and three regions over thirty days, written with faults and with what AWS
//! would answer about it; and many small trails, each with one change that is lost. Leaves: nothing that the relation `coverage` and `report coverage` do not say.

mod expected;
mod hidden;
mod month;
mod planted;
mod told;
