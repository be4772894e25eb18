//! keytrail: usage analytics of AWS KMS keys, from CloudTrail logs.
//!
//! The modules stand in the order of the flow; each uses only those before it, and `schema`. A program of its own
//! begins with [`service`], which has everything that the command line can do: here a store is opened, and a report
//! asked and printed (`examples/report.rs`).
//!
//! ```no_run
//! use std::path::Path;
//!
//! use keytrail::render::{Destination, Format, write_stream};
//! use keytrail::service::{Queries, Question, Reader};
//! use keytrail::store::{Place, Store};
//!
//! # async fn asked() -> Result<(), Box<dyn std::error::Error>> {
//! let place = Place::directory(Path::new("keytrail-demo/store"))?;
//! let store = Store::open(place).await?;
//! let reader = Reader::open(&store, Queries::embedded()?).await?;
//! let question = Question::new("who-used").with("key", "8b402961-4718-43ca-8f94-e4fd57328e34");
//! let now = chrono::Utc::now().timestamp_micros();
//! let answer = reader.ask(&question, now).await?;
//! let stdout = Destination::Stdout { terminal_width: None };
//! write_stream(answer.outcome.stream, Format::Table, &stdout).await?;
//! # Ok(())
//! # }
//! ```

pub mod schema;

pub mod catalog;

pub mod decode;

pub mod aws;

pub mod source;

pub mod store;

pub mod sql;

pub mod report;

pub mod ingest;

pub mod inventory;

pub mod integrity;

pub mod service;

pub mod render;

pub mod cli;
