//! Who watches a run: the log or the events, and the record.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sock::observe::{Descriptor, Failure, Fan, Json, Level, Log, Look, Record, Source};
use sock::{Engine, Run, Urgency};
use sock_proto::{Event, Observer, What};

use crate::get::Bars;
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
    /// Above the bars of downloads.
    Bars(Bars),
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
    /// Where the events go.
    is_stdout: bool,
    /// What the record is written to takes everything, as a disk does.
    is_disk: bool,
}

/// So long a reader that has stalled is waited for once the run was asked to stop.
const PATIENCE: Duration = Duration::from_millis(100);

/// So long one that still reads, to read the rest.
const REST: Duration = Duration::from_secs(2);

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
        let is_stdout = match place {
            Place::Stdout => screen.json,
            Place::Stderr | Place::Bars(_) => false,
            Place::Console(_) => true,
        };
        let mut watch = Self { timing, is_stdout, ..Self::default() };
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
                (Place::Bars(bars), _) => Json::queued(bars.clone(), level, datagrams)?,
            };
            watch.json = Some(Arc::new(json));
        } else {
            let is_coloured = screen.color.is_on(&io::stderr());
            let look = Look { level, datagrams, is_coloured };
            let log = match (place, timing) {
                (Place::Console(printer), _) => Log::queued(printer.clone(), look)?,
                (Place::Bars(bars), _) => Log::queued(bars.clone(), look)?,
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
        self.is_disk = file.metadata().with_context(about)?.is_file();
        if self.is_disk {
            file.set_len(0).with_context(about)?;
        }
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
        let (speaker, run, path) = (self.speaker(), run.clone(), path.to_owned());
        record.when_gone(move |error| {
            // The conversation goes on without.
            let errno = error.raw_os_error();
            let reason = errno.map_or_else(|| error.kind().into(), io::Error::from_raw_os_error);
            let about = format!("cannot write the record to {}", path.display());
            speaker.say(&run, &anyhow::Error::new(reason).context(about), Status::Failed);
        });
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

    /// Who only wants to be told, and not the record: a note is no part of what was said.
    pub(crate) fn audience(&self) -> Arc<dyn Observer> {
        let log = self.log.clone().map(|log| log as Arc<dyn Observer>);
        let json = self.json.clone().map(|json| json as Arc<dyn Observer>);
        Arc::new(log.into_iter().chain(json).fold(Fan::new(), Fan::with))
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
        self.speaker().say(run, error, status);
        status
    }

    /// Writes what is still to be written, and tells the status of a program that has come to
    /// `status`. Who does not read the events wants none, but a record that is not whole is a
    /// failure, which was told when it happened.
    ///
    /// A run that was asked to stop ends, whoever does not read.
    pub(crate) fn close(self, run: &Run, status: Status) -> Result<Status> {
        let is_asked = run.stop().urgency() != Urgency::None;
        let recorded = match &self.record {
            Some(record) if is_asked && !self.is_disk => record.close_within(PATIENCE),
            Some(record) => record.close(),
            None => Ok(()),
        };
        if let Err(error) = &recorded
            && error.kind() == io::ErrorKind::TimedOut
        {
            let error = anyhow::anyhow!("cannot write all of the record: nobody reads it");
            self.speaker().say(run, &error, Status::Failed);
        }
        let patience = is_asked.then(|| if self.is_read() { REST } else { Duration::ZERO });
        let Speaker { log, json } = self.speaker();
        let told = [
            log.map(|log| patience.map_or_else(|| log.close(), |time| log.close_within(time))),
            json.map(|json| patience.map_or_else(|| json.close(), |time| json.close_within(time))),
        ];
        for told in told.into_iter().flatten() {
            match told.map_err(|error| (error.kind(), error)) {
                Ok(()) | Err((io::ErrorKind::BrokenPipe | io::ErrorKind::TimedOut, _)) => {}
                Err((_, error)) => return Err(error).context("cannot write the events"),
            }
        }
        Ok(if recorded.is_ok() { status } else { Status::Failed })
    }

    /// Whether who reads the events does so, or has gone.
    fn is_read(&self) -> bool {
        let (stdout, stderr) = (rustix::stdio::stdout(), rustix::stdio::stderr());
        let fd = if self.is_stdout { stdout } else { stderr };
        let patience = Timespec::try_from(PATIENCE).ok();
        // What cannot be asked is not waited for.
        poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::OUT)], patience.as_ref()) == Ok(1)
    }

    fn speaker(&self) -> Speaker {
        Speaker { log: self.log.clone(), json: self.json.clone() }
    }
}

/// Who tells what failed.
struct Speaker {
    log: Option<Arc<Log>>,
    json: Option<Arc<Json>>,
}

impl Speaker {
    fn say(&self, run: &Run, error: &anyhow::Error, status: Status) {
        let text = screen::told(error);
        let (text, cure) = screen::cure_of(&text);
        let failure = Failure { code: status.code(), text, cure };
        if let Some(log) = &self.log {
            log.failure(run.now(), &failure);
        }
        if let Some(json) = &self.json {
            json.failure(run.now(), &failure);
        }
    }
}

/// Says something that is worth saying to whoever watches the run.
pub(crate) fn say(run: &Run, code: &'static str, text: &str) {
    let what = What::Note { code, text: format_args!("{text}") };
    if let Some(observer) = run.observer() {
        observer.event(&Event { time: run.now(), conn: 0, what });
    }
}
