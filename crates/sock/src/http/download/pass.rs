//! Pass: the attempts of one download, until one of them is the last.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::attend::{Attend, Retry, cure, status_line};
use super::passage::Passage;
use super::store::Store;
use super::verdict::{Passes, Verdict, Why, judge};
use super::version::{Version, promised};
use super::{Done, Download};
use crate::http::{Ask, Fetch, Reply, Resume};
use crate::{Error, ErrorKind, Result};

/// The longest pause of ours before another attempt: each is twice the one before it.
const LONGEST: Duration = Duration::from_secs(8);

/// Who is asked to stay away for longer (`Retry-After`) gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// A download that is on its way.
pub(super) struct Pass<'a> {
    plan: &'a Download,
    fetch: &'a mut dyn Fetch,
    attend: &'a mut dyn Attend,
    /// Of the bytes that are had.
    hash: Option<Sha256>,
    /// How much was had before the first attempt; none: nothing was looked at yet.
    had: Option<u64>,
    /// Somebody is there: one who is not any more may come back.
    has_answered: bool,
    /// Where a body broke off that had begun to come, in our words.
    broke_off: Option<String>,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        plan: &'a Download,
        fetch: &'a mut dyn Fetch,
        attend: &'a mut dyn Attend,
    ) -> Self {
        Self { plan, fetch, attend, hash: None, had: None, has_answered: false, broke_off: None }
    }

    /// Tries until everything is there, and is what was expected.
    pub(super) fn until_whole(&mut self, store: &mut Store<'_>) -> Result<Done> {
        let mut tried = 0;
        let mut pause = self.plan.pause;
        loop {
            let Failure { error, passes, reply } = match self.attempt(store) {
                Ok(Step::Done(done)) => return self.check(*done, store),
                Ok(Step::Anew) => continue,
                Err(failure) => failure,
            };
            let wait = match passes {
                Passes::Maybe => pause,
                Passes::After(time) if time <= PATIENCE => time,
                Passes::After(_) | Passes::No => {
                    let error = self.cut_short(error, store);
                    return Err(self.give_up(error, reply));
                }
            };
            if tried == self.plan.retries || !store.can_retry(self.plan.resumes) {
                let error = self.cut_short(store.explain(error), store);
                return Err(self.give_up(error, reply));
            }
            tried += 1;
            let retry = Retry {
                n: tried,
                of: self.plan.retries,
                pause: wait,
                why: &error,
                from: store.len(),
            };
            self.attend.retries(&retry);
            self.attend.wait(wait)?;
            pause = (pause * 2).min(LONGEST.max(pause));
        }
    }

    /// Bytes of the body have come, and nobody was there for the rest: that is told as what it is to the
    /// user, a body that was cut short, whatever the last attempt met.
    fn cut_short(&mut self, error: Error, store: &Store<'_>) -> Error {
        let met = [
            ErrorKind::Refused,
            ErrorKind::Unreachable,
            ErrorKind::NotFound,
            ErrorKind::NameNotKnown,
            ErrorKind::NameTryAgain,
            ErrorKind::NameFailed,
            ErrorKind::TimedOut,
            ErrorKind::Status,
        ];
        // An attempt that broke off itself has said so.
        let brought_nothing = error.shortfall().is_none() && met.contains(&error.kind());
        match self.broke_off.take().filter(|_| store.len() > 0 && brought_nothing) {
            Some(text) => {
                let text = format!("{text}, and then: {error}");
                Error::new(ErrorKind::CutShort, text).with_source(error)
            }
            None => error,
        }
    }

    /// What the server said beside its refusal is shown once.
    fn give_up(&mut self, error: Error, reply: Option<Box<Reply>>) -> Error {
        if let Some(reply) = reply {
            self.attend.refused(*reply);
        }
        error
    }

    fn attempt(&mut self, store: &mut Store<'_>) -> Attempt {
        let (resume, had) = self.resume(store)?;
        let url = &self.plan.url;
        let identity = !self.plan.compressed || resume.is_some() || self.plan.sha256.is_some();
        let ask = Ask { url, resume: resume.as_ref(), identity };
        let reply = self.fetch.fetch(&ask).map_err(|error| self.unanswered(error))?;
        self.has_answered = true;
        self.attend.replied(&reply);
        let verdict = judge(&reply, resume.as_ref(), &had, self.plan.conditional);
        let again = matches!(verdict, Verdict::Again);
        match verdict {
            Verdict::Complete | Verdict::Unchanged => return Ok(self.done(&reply, store)),
            Verdict::Unasked if self.plan.resumes => {
                let url = self.plan.shown();
                let text =
                    format!("{url}: the server sent a part of the file where all was asked for");
                return Err(Error::new(ErrorKind::Malformed, text).into());
            }
            Verdict::Refused(passes) => return Err(self.refused(reply, passes)),
            Verdict::Anew(why) => {
                let len = store.len();
                store.forget(why)?;
                self.attend.begins_anew(&reply, len, had.is_other(&reply));
                return Ok(Step::Anew);
            }
            Verdict::Again if store.is_stream() => {
                return self.take(reply, store, Body { past: store.len(), total: had.total });
            }
            Verdict::Rest(total) => {
                return self.take(reply, store, Body { past: 0, total: Some(total) });
            }
            Verdict::Whole | Verdict::Again | Verdict::Unasked => {}
        }
        if store.name(&reply, url, self.plan.continued)? {
            // There is a part of this very version: what is missing of it is asked for.
            return Ok(Step::Anew);
        }
        if resume.is_some() && store.len() > 0 && !store.is_stream() {
            self.attend.begins_anew(&reply, store.len(), had.is_other(&reply));
        }
        let mut version = Version::of(&reply);
        if again {
            // It is this very version, whose length is known from before.
            version.total = version.total.or(had.total);
        }
        let known = version.total;
        store.restart(version, Why::Version)?;
        self.hash = self.plan.sha256.map(|_| Sha256::new());
        self.had = Some(0);
        let total = if reply.status == 206 { reply.len } else { promised(&reply).or(known) };
        self.take(reply, store, Body { past: 0, total })
    }

    /// What is asked for only in part, and of which version that is.
    fn resume(&mut self, store: &mut Store<'_>) -> Result<(Option<Resume>, Version)> {
        if !self.plan.resumes {
            return Ok((None, Version::default()));
        }
        let Some((from, version)) = store.had() else { return Ok((None, Version::default())) };
        let version = version.clone();
        let Some(validator) = version.validator.clone() else { return Ok((None, version)) };
        self.had.get_or_insert(from);
        if self.plan.sha256.is_some() && self.hash.is_none() {
            let mut hash = Sha256::new();
            store.hash(&mut hash)?;
            self.hash = Some(hash);
        }
        Ok((Some(Resume { from, validator }), version))
    }

    fn take(&mut self, mut reply: Reply, store: &mut Store<'_>, body: Body) -> Attempt {
        let Body { past, total } = body;
        // What this attempt comes to is told by its own words.
        self.broke_off = None;
        store.go_on()?;
        self.attend.begins(&reply, store.len(), total);
        let copied = {
            let (sink, len) = store.sink()?;
            let mut passage = Passage::new(sink, len, past, self.hash.as_mut(), self.attend);
            reply.body.copy_to(&mut passage)
        };
        store.count();
        let url = self.plan.shown();
        let of = total.map_or_else(String::new, |total| format!(" of {total}"));
        let at = store.len();
        if let Err(error) = copied {
            // Without a shortfall it was not the body that failed.
            if error.shortfall().is_none() {
                return Err(error.into());
            }
            let may = passes(error.kind(), true);
            let text = format!("{url} broke off at byte {at}{of}");
            self.broke_off = Some(text.clone());
            let error = error.about(text);
            return Err(if may { Failure::broken(error) } else { error.into() });
        }
        match total {
            Some(total) if at < total => {
                let text = format!("{url} ended at byte {at}{of}");
                self.broke_off = Some(text.clone());
                Err(Failure::broken(Error::new(ErrorKind::CutShort, text)))
            }
            Some(total) if at > total => {
                if !store.is_stream() {
                    store.forget(Why::Contradiction)?;
                }
                let text = format!("{url}: {at} bytes came where {total} were promised");
                Err(Error::new(ErrorKind::Malformed, text).into())
            }
            Some(_) | None => Ok(self.done(&reply, store)),
        }
    }

    fn done(&self, reply: &Reply, store: &Store<'_>) -> Step {
        Step::Done(Box::new(Done {
            status: reply.status,
            url: reply.url.clone(),
            fields: reply.fields.clone(),
            timing: reply.timing,
            file: None,
            len: store.len(),
            had: self.had.unwrap_or_default(),
        }))
    }

    fn unanswered(&self, error: Error) -> Failure {
        if passes(error.kind(), self.has_answered) { Failure::broken(error) } else { error.into() }
    }

    /// The server will not.
    fn refused(&self, reply: Reply, passes: Passes) -> Failure {
        let text = format!("{}: {}", self.plan.shown(), status_line(reply.status));
        let mut error = Error::new(ErrorKind::Status, text);
        if let Passes::After(time) = passes {
            error = error.cure(format!("it asks to be left alone for {} s", time.as_secs()));
        } else if let Some(why) = &reply.unproved {
            error = error.cure(why.to_string());
        } else if let Some(cure) = cure(reply.status) {
            error = error.cure(cure);
        }
        Failure { error, passes, reply: Some(Box::new(reply)) }
    }

    /// Holds what came against the hash that was expected.
    fn check(&mut self, done: Done, store: &mut Store<'_>) -> Result<Done> {
        let Some(expected) = self.plan.sha256 else { return Ok(done) };
        let hash = self.hash.take().unwrap_or_default().finalize();
        if hash[..] == expected[..] {
            return Ok(done);
        }
        store.spoil();
        let hex = hash.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        let text = format!("{} is not what was expected: its SHA-256 is {hex}", self.plan.shown());
        Err(Error::new(ErrorKind::Other, text))
    }
}

/// What of a body is taken.
#[derive(Clone, Copy)]
struct Body {
    /// So many bytes of it are had already.
    past: u64,
    /// How many bytes there are in the end, if that is known.
    total: Option<u64>,
}

type Attempt = std::result::Result<Step, Failure>;

/// What one attempt came to.
enum Step {
    Done(Box<Done>),
    /// To be asked again at once.
    Anew,
}

/// Why one attempt failed.
struct Failure {
    error: Error,
    passes: Passes,
    /// What the server refused with.
    reply: Option<Box<Reply>>,
}

impl Failure {
    /// It broke off, and may not do so again.
    fn broken(error: Error) -> Self {
        Self { error, passes: Passes::Maybe, reply: None }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, passes: Passes::No, reply: None }
    }
}

/// Whether a failure of this kind may pass by itself. Where nobody has answered yet, nobody may be
/// there at all, which is better said at once.
fn passes(kind: ErrorKind, has_answered: bool) -> bool {
    let broken = [
        ErrorKind::TimedOut,
        ErrorKind::Reset,
        ErrorKind::Aborted,
        ErrorKind::BrokenPipe,
        ErrorKind::CutShort,
        ErrorKind::NameTryAgain,
    ];
    let gone = [ErrorKind::Refused, ErrorKind::Unreachable, ErrorKind::NotFound];
    broken.contains(&kind) || (has_answered && gone.contains(&kind))
}
