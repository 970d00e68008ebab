//! Reports as data, and everything that is made from them.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod arbitrary;
mod compare;
mod hdr;
mod pictures;
mod report;
mod samples;
mod schema;
mod text;
#[path = "../../../sock-record/tests/validate/mod.rs"]
mod validate;
mod verdicts;
