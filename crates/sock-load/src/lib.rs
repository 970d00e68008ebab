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

mod histogram;
mod latency;
mod report;
mod told;
mod trouble;

pub use histogram::{BadHistogram, Histogram};
pub use latency::Latency;
pub use report::{
    Bytes, Connections, Cpu, Machine, Messages, Report, Schema, Second, ServerCpu, Throughput,
    Usage, Verdict,
};
pub use told::{Direction, Pacing, Told};
pub use trouble::{Cause, ErrorCount};
