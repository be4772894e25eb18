//! keytrail: usage analytics of AWS KMS keys, from CloudTrail logs.
//!
//! The modules stand in the order of the flow; each uses only those before it, and `schema`.

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
