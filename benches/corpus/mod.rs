//! The one generator of logs, for benches and tests: events, log objects, and trees of any size with known answers.
//!
//! Enters: a seed and sizes. Leaves: objects as `CloudTrail` delivers them, and what a correct reader answers about
//! them, counted from what the generator knows of each call and never from the text. It shares no code with keytrail.
//! A program that uses it mounts it at its root, `#[path = "…/benches/corpus/mod.rs"] mod corpus;`.
//!
//! `event`, `identity`, `json`, `shelf`, `time` and `rng` make single events and objects; the rest makes trees, each
//! record from a template (`templates`) and a draw (`world`, `aliases`, `traffic`, `render`), counted in `truth`. The curated tree
//! of `sample-logs/` is in `sample/`, next to the command.

pub(crate) mod aliases;
pub(crate) mod event;
pub(crate) mod identity;
pub(crate) mod json;
pub(crate) mod render;
pub(crate) mod rng;
pub(crate) mod shelf;
pub(crate) mod templates;
pub(crate) mod time;
pub(crate) mod traffic;
pub(crate) mod tree;
pub(crate) mod truth;
pub(crate) mod world;
