//! Who watches a run: the log or the events, and the record.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use sock::observe::{Descriptor, Failure, Fan, Json, Level, Log, Look, Record, Source};
use sock::{Engine, Run};
use sock_proto::{Event, Observer, What};

use crate::screen::{self, Detail, Screen};
use crate::status::Status;
use crate::stdio::Printer;

/// Where the events of a verb go.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// The verb has no bytes of its own: JSON is its answer, on stdout.
    Stdout,
    /// Stdout is for the peer's bytes.
    Stderr,
    /// Above the line that somebody is typing.
    Console(Printer),
}

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Timing {
    /// By a thread, so that a slow reader holds nobody up.
    #[default]
    Queued,
    /// At once: whoever forks has one thread.
    Direct,
}

/// The observers of one run.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    log: Option<Arc<Log>>,
    json: Option<Arc<Json>>,
    record: Option<Arc<Record>>,
    timing: Timing,
}

impl Watch {
    /// Makes the observers that the user asked for; `datagrams` shows those that arrive.
    pub(crate) fn new(
        screen: Screen,
        place: &Place,
        timing: Timing,
        datagrams: bool,
    ) -> Result<Self> {
        let level = match screen.detail {
            Detail::Quiet => Level::Quiet,
            Detail::Events => Level::Normal,
            Detail::Data => Level::Verbose,
        };
        let mut watch = Self { timing, ..Self::default() };
        if screen.json {
            let json = match (place, timing) {
                (Place::Stdout, Timing::Queued) => {
                    Json::queued(Descriptor::new(io::stdout()), level, datagrams)?
                }
                (Place::Stdout, Timing::Direct) => Json::direct(io::stdout(), level, datagrams),
                (Place::Stderr, Timing::Queued) => {
                    Json::queued(Descriptor::new(io::stderr()), level, datagrams)?
                }
                (Place::Stderr, Timing::Direct) => Json::direct(io::stderr(), level, datagrams),
                (Place::Console(printer), _) => Json::queued(printer.clone(), level, datagrams)?,
            };
            watch.json = Some(Arc::new(json));
        } else {
            let is_coloured = screen.color.is_on(&io::stderr());
            let look = Look { level, datagrams, is_coloured };
            let log = match (place, timing) {
                (Place::Console(printer), _) => Log::queued(printer.clone(), look)?,
                (_, Timing::Queued) => Log::queued(Descriptor::new(io::stderr()), look)?,
                (_, Timing::Direct) => Log::direct(io::stderr(), look),
            };
            watch.log = Some(Arc::new(log));
        }
        Ok(watch)
    }

    /// Records as well, to `file`, what `verb` does in `run` on this engine.
    pub(crate) fn record(
        &mut self,
        file: Option<&Path>,
        run: &Run,
        verb: &str,
        engine: Engine,
    ) -> Result<()> {
        let Some(path) = file else { return Ok(()) };
        let about = || format!("cannot record to {}", path.display());
        // Appended to, because the children of a forking server write to it too.
        let file = OpenOptions::new().create(true).append(true).open(path).with_context(about)?;
        file.set_len(0).with_context(about)?;
        let source = Source {
            source: verb.to_owned(),
            backend: Some(engine.name().to_owned()),
            began: Some(run.wall_origin()),
            preview: None,
        };
        let record = match self.timing {
            Timing::Queued => Record::queued(file, source)?,
            Timing::Direct => Record::direct(file, source),
        };
        self.record = Some(Arc::new(record));
        Ok(())
    }

    /// The run, watched.
    pub(crate) fn over(&self, run: Run) -> Run {
        let log = self.log.clone().map(|log| log as Arc<dyn Observer>);
        let json = self.json.clone().map(|json| json as Arc<dyn Observer>);
        let record = self.record.clone().map(|record| record as Arc<dyn Observer>);
        let fan = log.into_iter().chain(json).chain(record).fold(Fan::new(), Fan::with);
        run.observed_by(Arc::new(fan))
    }

    /// When nobody reads the events any more, the run ends.
    pub(crate) fn ends(&self, run: &Run) {
        if let Some(json) = &self.json {
            let stop = run.stop().clone();
            json.when_gone(move |_| {
                stop.ask();
                stop.ask();
            });
        }
    }

    /// Says what failed, among the events, and gives its status back.
    pub(crate) fn fail(&self, run: &Run, error: &anyhow::Error) -> Status {
        if Status::is_unheard(error) {
            return Status::Done;
        }
        let status = Status::of(error);
        let text = screen::told(error);
        // A cure stands behind the reason, after a semicolon.
        let (text, cure) = text.split_once("; ").unwrap_or((&text, ""));
        let failure = Failure { code: status.code(), text, cure };
        if let Some(log) = &self.log {
            log.failure(run.now(), &failure);
        }
        if let Some(json) = &self.json {
            json.failure(run.now(), &failure);
        }
        status
    }

    /// Writes what is still to be written. Who does not read the events wants none, but a record
    /// that is not whole is a failure.
    pub(crate) fn close(self) -> Result<()> {
        let told = [self.log.map(|log| log.close()), self.json.map(|json| json.close())];
        for told in told.into_iter().flatten() {
            match told {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                    return Err(error).context("cannot write the events");
                }
                Ok(()) | Err(_) => {}
            }
        }
        self.record.map_or(Ok(()), |record| record.close()).context("cannot write the record")
    }
}

/// Says something that is worth saying to whoever watches the run.
pub(crate) fn say(run: &Run, code: &'static str, text: &str) {
    let what = What::Note { code, text: format_args!("{text}") };
    if let Some(observer) = run.observer() {
        observer.event(&Event { time: run.now(), conn: 0, what });
    }
}
