//! What a load run found: `sock-bench/1`, and everything that is made from it.
//!
//! A run fills a [`Report`]; whatever is shown of it is a pure function of that value, so that a file which was kept is
//! shown again, compared and drawn without the run. Three rules hold for the format:
//!
//! - **Times** are integer nanoseconds; **rates** are a second's.
//! - **Unknown is null**, never 0. On reading, a field that is left out is null as well.
//! - **Fields are only ever added.** A reader skips fields that it does not know.
//!
//! # Examples
//!
//! ```
//! use sock_load::{Histogram, Latency};
//!
//! let mut histogram = Histogram::new();
//! for micros in 1..=100 {
//!     histogram.record(micros * 1_000);
//! }
//! let latency = Latency::of(&histogram);
//! assert_eq!(latency.count, 100);
//! assert_eq!(latency.p50.map(|ns| ns / 1_000), Some(50));
//! ```

mod clean;
mod compare;
mod hdr;
mod histogram;
mod judge;
mod latency;
mod picture;
mod read;
mod report;
mod text;
mod told;
mod trouble;
pub mod units;
mod words;

pub use compare::{Comparison, Finding, Measure, Ratio, Row, compare, compare_text, table_text};
pub use hdr::{HdrLog, write_hdr};
pub use histogram::{BadHistogram, Histogram};
pub use latency::Latency;
pub use picture::{html, svg, table_html, table_svg};
pub use read::{ReadError, read_reports};
pub use report::{
    Bytes, Connections, Cpu, Machine, Messages, Report, Schema, Second, ServerCpu, Throughput,
    Usage, Verdict,
};
pub use text::{Style, repeated_text, text};
pub use told::{Direction, Pacing, Told};
pub use trouble::{Cause, ErrorCount};

/// The JSON Schema (draft 2020-12) of a report.
pub const SCHEMA: &str = include_str!("../schema.json");
