//! Reports out of a file: one, or several of repeated runs.

use serde::Deserialize;
use serde_json::Value;

use crate::report::Report;

/// Why a file of reports could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is no JSON.
    #[error("no JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// One of its reports is none.
    #[error("report {number} cannot be read: {source}")]
    Report {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// It holds no report.
    #[error("no report; what `sock bench --json` writes has one")]
    Empty,
}

/// Reads every report of a file: one after the other (JSON Lines), in an array, or a single one.
///
/// Objects that are no report, such as the lines that tell of each second, are skipped: a report says its `schema`.
///
/// # Errors
///
/// It is no JSON, a report in it is none of this format, or there is none.
///
/// # Examples
///
/// ```
/// use sock_load::{Report, read_reports};
///
/// let report = serde_json::to_string(&Report::default())?;
/// let lines = format!("{{\"event\":\"second\"}}\n{report}\n{report}\n");
/// assert_eq!(read_reports(lines.as_bytes())?.len(), 2);
/// assert_eq!(read_reports(format!("[{report}]").as_bytes())?.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_reports(file: &[u8]) -> Result<Vec<Report>, ReadError> {
    let mut reports = Vec::new();
    for value in serde_json::Deserializer::from_slice(file).into_iter::<Value>() {
        let value = value.map_err(ReadError::Json)?;
        if let Value::Array(all) = value {
            all.into_iter().try_for_each(|one| take(one, &mut reports))?;
        } else {
            take(value, &mut reports)?;
        }
    }
    if reports.is_empty() { Err(ReadError::Empty) } else { Ok(reports) }
}

fn take(value: Value, reports: &mut Vec<Report>) -> Result<(), ReadError> {
    if value.get("schema").is_some() {
        let number = reports.len() + 1;
        let report = Report::deserialize(value);
        reports.push(report.map_err(|source| ReadError::Report { number, source })?);
    }
    Ok(())
}
