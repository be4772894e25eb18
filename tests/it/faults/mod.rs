//! What happens to the store when writes fail, answers are lost, processes die, and others write too.
//!
//! `corpus` and `events` make log objects with exact answers, `store_double` makes the faults,
//! `harness` runs the library, `exact` and `aggregate` judge the store. The rest are the tests.

mod events;

mod corpus;

mod source_double;
mod store_double;

mod harness;

mod aggregate;

mod exact;

mod unfinished;

mod writes;

mod kills;

mod bucket;

mod writers;

mod compaction;

mod increments;

mod retention;

mod repeats;

mod sequences;

mod settling;

mod behind;

mod refusals;
