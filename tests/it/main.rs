//! The one integration binary: each more would link DataFusion again.
#![expect(
    clippy::pedantic,
    reason = "tests cast counts and name things alike where it reads better"
)]

mod answers;
mod answers_keys;
mod bucket;
mod commands;
mod config;
mod context;
#[expect(dead_code, reason = "the command writes trees of every kind")]
#[path = "../../benches/corpus/mod.rs"]
mod corpus;
mod coverage;
mod decode_bad;
mod decode_limits;
mod decode_mutated;
mod decode_other_formats;
mod decode_packings;
mod decode_properties;
mod decode_shapes;
mod decoded;
mod engines;
mod facts;
mod facts_outcomes;
mod facts_uses;
mod faults;
mod figures;
mod filters;
mod foreign;
mod generated;
mod guide;
mod interrupted;
mod invictus;
mod json;
mod logging;
mod names;
mod operations;
mod organization;
mod output;
mod own_macros;
mod own_queries;
mod python;
mod questions;
mod queue;
mod readme;
mod refusals;
mod retold;
mod screen;
mod servers;
mod service;
mod shell;
mod shown;
mod store_s3;
mod ten_questions;
mod tidy;
mod trails;
mod verify;
mod vocabulary;
mod windows;
mod writing;
