//! The standard log of the `HdrHistogram` tools: one histogram an interval, and the two headers that say when.

use std::io;
use std::time::{Duration, UNIX_EPOCH};

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{
    IntervalLogWriterBuilder, IntervalLogWriterError, Tag,
};

use crate::histogram::Histogram;
use crate::report::Report;

/// A log in the format 1.3 of `HistogramLogWriter`, written interval after interval; times are in ns.
///
/// An interval without a tag is about latency; `connect` and `lateness` are tags.
///
/// # Examples
///
/// ```
/// use sock_load::{Histogram, HdrLog};
///
/// let mut second = Histogram::new();
/// second.record(1_500);
/// let mut file = Vec::new();
/// let mut log = HdrLog::begin(&mut file, Some(1_800_000_000_000_000_000), "tcp://127.0.0.1:7")?;
/// log.interval(0, 1_000_000_000, None, &second)?;
/// let text = String::from_utf8(file)?;
/// assert!(text.contains("#[StartTime: 1800000000.000 "));
/// assert!(text.contains("\n0.000,1.000,1500.000,"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct HdrLog<W> {
    to: W,
}

const LEGEND: &[u8] =
    b"\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n";

impl<W: io::Write> HdrLog<W> {
    /// Begins a log of what `about` names, with the time of day, in ns since 1970, at which its first interval begins.
    ///
    /// # Errors
    ///
    /// The writer failed.
    pub fn begin(mut to: W, began_unix_ns: Option<u64>, about: &str) -> io::Result<Self> {
        let mut header = IntervalLogWriterBuilder::new();
        // A line end in a name must not begin a line of the log.
        header.add_comment(&format!("[{}]", crate::clean::plain(about, false)));
        header.add_comment("[Histogram log format version 1.3]");
        header.add_comment("[Values are in ns, Interval_Max too; timestamps are in s]");
        if let Some(ns) = began_unix_ns {
            let began = UNIX_EPOCH + Duration::from_nanos(ns);
            // Without the base, readers take small times for times of day.
            header.with_start_time(began).with_base_time(began);
        }
        header.begin_log_with(&mut to, &mut V2DeflateSerializer::new())?;
        to.write_all(LEGEND)?;
        Ok(Self { to })
    }

    /// Writes what fell into `span` ns from `start` ns after the log's beginning.
    ///
    /// # Errors
    ///
    /// The writer failed, or `tag` has a comma, a space or a line end in it.
    pub fn interval(
        &mut self,
        start: u64,
        span: u64,
        tag: Option<&str>,
        histogram: &Histogram,
    ) -> io::Result<()> {
        let refused = || io::Error::new(io::ErrorKind::InvalidInput, "no tag of a log");
        let tag = tag.map(|tag| Tag::new(tag).ok_or_else(refused)).transpose()?;
        let mut serializer = V2DeflateSerializer::new();
        // A log without a header is the middle of one.
        let mut log =
            IntervalLogWriterBuilder::new().begin_log_with(&mut self.to, &mut serializer)?;
        let (start, span) = (Duration::from_nanos(start), Duration::from_nanos(span));
        log.write_histogram(histogram.counts(), start, span, tag).map_err(|why| match why {
            IntervalLogWriterError::IoError(why) => why,
            IntervalLogWriterError::SerializeError(why) => io::Error::other(why.to_string()),
        })
    }
}

/// The log of a whole run: what it measured as one interval, connecting and lateness beside it under their tags.
///
/// # Errors
///
/// The writer failed.
pub fn write_hdr(report: &Report, to: impl io::Write) -> io::Result<()> {
    let mut log = HdrLog::begin(to, report.began_unix_ns, &report.told.endpoint)?;
    let parts = [
        (None, Some(&report.latency)),
        (Some("connect"), report.connect.as_ref()),
        (Some("lateness"), report.lateness.as_ref()),
    ];
    for (tag, latency) in parts {
        if let Some(histogram) = latency.and_then(|latency| latency.histogram.as_ref()) {
            log.interval(0, report.measured, tag, histogram)?;
        }
    }
    Ok(())
}
