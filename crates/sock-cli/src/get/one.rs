//! One: the download of one URL, and what the user is told of it.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use indicatif::{HumanBytes, ProgressBar};
use rustix::event::{Timespec, poll};
use sock::http::{Attend, Client, Done, Download, Reply, Retry, Timing, file_name, without_secret};
use sock::{Error, ErrorKind, Run};
use sock_proto::Time;

use super::bars::Bars;
use super::cure::{cure, has_own_cure, redirect};
use super::head::head;
use super::out::{self, Out};
use super::{Output, Plan, timing};
use crate::signals::Signals;
use crate::watch;

/// What all downloads of a run have in common.
pub(super) struct Bench {
    pub(super) plan: Plan,
    pub(super) run: Run,
    pub(super) signals: Signals,
    pub(super) client: Client,
    pub(super) bars: Bars,
}

/// How often is tried again where the user does not say.
const RETRIES: u32 = 3;

impl Bench {
    /// Gets one URL.
    pub(super) fn get(&self, url: &str) -> Result<()> {
        if self.plan.asking.is_head {
            return self.head(url);
        }
        let media = RefCell::default();
        let mut one = One::new(self, url, &media);
        let (download, mut client) = (self.download(url), self.client.clone());
        self.tell_whole();
        one.left = self.left();
        let ended = match &self.plan.output {
            Output::Stdout { .. } => {
                let mut out = self.out(&media);
                let ended = download.to_sink(&mut client, &mut out, &mut one);
                let ending = out.end().map_err(Error::from);
                ended.and_then(|done| ending.map(|()| done))
            }
            Output::File(file) => download.to_file(&mut client, file, &mut one),
            Output::Named => {
                let mut name = |reply: &Reply| -> sock::Result<PathBuf> {
                    Ok(file_name(&reply.fields, &[url, &reply.url]).into())
                };
                download.to_named(&mut client, &mut name, &mut one)
            }
        };
        one.timing = client.last_timing();
        one.finish(ended)
    }

    /// How much an earlier attempt has left, and is to be gone on with.
    fn left(&self) -> u64 {
        let Output::File(file) = &self.plan.output else { return 0 };
        let mut part = file.clone().into_os_string();
        part.push(".part");
        if self.plan.goes_on { std::fs::metadata(part).map_or(0, |facts| facts.len()) } else { 0 }
    }

    /// Says that there is nothing to go on with, where somebody might think so.
    fn tell_whole(&self) {
        let Output::File(file) = &self.plan.output else { return };
        let mut part = file.clone().into_os_string();
        part.push(".part");
        if self.plan.goes_on && file.is_file() && !Path::new(&part).exists() {
            let file = legible(file);
            let text = format!(
                "{file} is there already, and no {file}.part to go on with: it is downloaded again"
            );
            watch::say(&self.run, "anew", &text);
        }
    }

    /// Shows the head of one URL.
    fn head(&self, url: &str) -> Result<()> {
        let began = self.run.now();
        let mut request = self.plan.asking.request();
        if !self.plan.asking.compressed && !self.plan.asking.names("accept-encoding") {
            // As a download asks, so that this is the head that one gets.
            request = request.field("Accept-Encoding", "identity");
        }
        let mut timing = Timing::default();
        let response = match self.client.send_timed(url, &request, &mut timing) {
            Ok(response) => response,
            Err(error) => {
                if self.plan.timing {
                    timing::tell(self, url, &timing, None, self.run.now().since(began))?;
                }
                return Err(error.into());
            }
        };
        let text = head(&response.line(), response.fields(), self.shows_text());
        out::write_all(text.as_bytes(), &self.signals)?;
        if self.plan.timing {
            timing::tell(self, url, &response.timing(), None, self.run.now().since(began))?;
        }
        let (status, unproved) = (response.status(), response.unproved());
        let cure = cure(&self.plan, url, status, response.fields(), unproved);
        match (response.checked(), cure) {
            (Ok(_), _) => Ok(()),
            (Err(error), Some(cure)) => Err(error.cure(cure).into()),
            (Err(error), None) => Err(error.into()),
        }
    }

    fn download(&self, url: &str) -> Download {
        let plan = &self.plan;
        let usual = if plan.asking.is_repeatable() { RETRIES } else { 0 };
        let mut download =
            Download::new(url).retries(plan.retries.unwrap_or(usual)).pause(plan.pause);
        if plan.goes_on {
            download = download.continued();
        }
        if !plan.asking.is_plain() {
            download = download.unresumed();
        }
        if plan.asking.is_conditional() {
            download = download.conditional();
        }
        if plan.asking.compressed {
            download = download.compressed();
        }
        if let Some(digest) = plan.sha256 {
            download = download.sha256(digest);
        }
        download
    }

    pub(super) fn shows_text(&self) -> bool {
        self.plan.output != (Output::Stdout { raw: true }) && out::is_terminal()
    }

    fn out<'a>(&'a self, media: &'a RefCell<String>) -> Out<'a> {
        if self.shows_text() { Out::text(media, &self.signals) } else { Out::raw(&self.signals) }
    }
}

/// Looks after one download.
struct One<'a> {
    bench: &'a Bench,
    url: &'a str,
    /// The media type of the body.
    media: &'a RefCell<String>,
    began: Time,
    /// When its body began to come.
    body_at: Option<Time>,
    bar: Option<ProgressBar>,
    has_head: bool,
    kept: Option<(PathBuf, bool)>,
    /// What a refusal calls for.
    cure: Option<String>,
    /// What could not be shown beside the download.
    failure: Option<Error>,
    /// How much lies there from before, as long as nobody has said what becomes of it.
    left: u64,
    /// How long the steps of the last request took, also of one that failed.
    timing: Timing,
}

impl<'a> One<'a> {
    fn new(bench: &'a Bench, url: &'a str, media: &'a RefCell<String>) -> Self {
        Self {
            bench,
            url,
            media,
            began: bench.run.now(),
            body_at: None,
            bar: None,
            has_head: false,
            kept: None,
            cure: None,
            failure: None,
            left: 0,
            timing: Timing::default(),
        }
    }

    /// Says that what was left does not count, where that is so and nobody has said it.
    fn tell_unproved(&mut self, had: u64) {
        let left = std::mem::take(&mut self.left);
        if let Output::File(file) = &self.bench.plan.output
            && left > 0
            && had == 0
        {
            let (file, left) = (legible(file), HumanBytes(left));
            let text = format!(
                "{file}: begun anew, without the {left} of {file}.part: no {file}.part.json proves of which version \
                 of this URL they are"
            );
            watch::say(&self.bench.run, "anew", &text);
        }
    }

    /// Says that the bytes are in a coding that nobody asked for, and are given as they come.
    fn tell_coding(&self, reply: &Reply) {
        let coding = reply.fields.get("content-encoding").unwrap_or("identity");
        if !self.bench.plan.asking.compressed && !coding.eq_ignore_ascii_case("identity") {
            let coding = legible(Path::new(coding));
            let text = format!(
                "the server sent it in {coding}, which was not asked for; it is given as it came"
            );
            watch::say(&self.bench.run, "coding", &text);
        }
    }

    /// What is shown of a reply before its body.
    fn show_head(&mut self, reply: &Reply) {
        let media = reply.fields.get("content-type").unwrap_or_default();
        media.clone_into(&mut self.media.borrow_mut());
        if self.bench.plan.shows_head && !std::mem::replace(&mut self.has_head, true) {
            let head = head(&reply.line, &reply.fields, self.bench.shows_text());
            let shown = out::write_all(head.as_bytes(), &self.bench.signals);
            self.failure = shown.err().map(Error::from).or(self.failure.take());
        }
    }

    fn end_bar(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// The end of it, told.
    fn finish(mut self, ended: sock::Result<Done>) -> Result<()> {
        self.end_bar();
        let ended_at = self.bench.run.now();
        let took = ended_at.since(self.began);
        let told = self.tell(ended, took);
        if self.bench.plan.timing {
            let body = self.body_at.map(|began| ended_at.since(began));
            timing::tell(self.bench, self.url, &self.timing, body, took)?;
        }
        told
    }

    fn tell(&mut self, ended: sock::Result<Done>, took: Duration) -> Result<()> {
        let done = match (ended, self.failure.take()) {
            (Ok(done), None) => done,
            (Ok(_), Some(error)) => return Err(error.into()),
            // The signal says why, and nothing is left to be gone on with.
            (Err(error), _) if error.kind() == ErrorKind::Interrupted && self.kept.is_none() => {
                return Ok(());
            }
            (Err(error), _) => return Err(self.explain(error).into()),
        };
        if let (Some(status), Some(to)) = (redirect(done.status), done.fields.get("location")) {
            let text = format!("{status} to {}; not followed", legible(Path::new(to)));
            watch::say(&self.bench.run, "redirect", &text);
        }
        if let Some(file) = &done.file {
            let mut text = format!("{}: {}", legible(file), HumanBytes(done.len));
            if done.had > 0 {
                let _ = write!(text, ", {} of them from before,", HumanBytes(done.had)); // a string takes all
            }
            let text = format!("{text} in {}", timing::Took(took));
            watch::say(&self.bench.run, "saved", &text);
        }
        Ok(())
    }

    /// Whether the last request had somebody to wait for.
    fn has_connected(&self) -> bool {
        self.timing.connect.is_some()
    }

    /// What the user can do about it.
    fn explain(&self, error: Error) -> Error {
        match &self.kept {
            Some((part, true)) => {
                let again = if self.bench.plan.goes_on { "again" } else { "again with -C" };
                error.cure(format!("{} is kept: the same command {again} goes on", legible(part)))
            }
            Some((part, false)) => error.cure(format!("what came is in {}", legible(part))),
            // Not as where nobody listens.
            None if error.kind() == ErrorKind::NotFound && self.url.starts_with("file:") => {
                Error::new(ErrorKind::Other, error.to_string())
            }
            None if error.kind() == ErrorKind::AlreadyExists => {
                error.cure("to replace it, name it with -o")
            }
            None if error.kind() == ErrorKind::TimedOut && self.has_connected() => {
                error.cure("--stall-timeout TIME waits longer")
            }
            None => match &self.cure {
                Some(cure) => error.cure(cure),
                None => error,
            },
        }
    }
}

impl Attend for One<'_> {
    fn wait(&mut self, pause: Duration) -> sock::Result<()> {
        let until = self.bench.run.now() + pause;
        loop {
            if self.bench.signals.came() {
                return Err(Error::new(ErrorKind::Interrupted, "interrupted"));
            }
            let left = until.since(self.bench.run.now());
            if left.is_zero() {
                return Ok(());
            }
            // Any pause fits; a signal ends it early, to this thread or to another.
            let _ = Timespec::try_from(left.min(LOOK)).map(|pause| poll(&mut [], Some(&pause)));
        }
    }

    fn begins(&mut self, reply: &Reply, had: u64, total: Option<u64>) {
        self.body_at = Some(self.bench.run.now());
        self.tell_coding(reply);
        self.tell_unproved(had);
        self.show_head(reply);
        self.end_bar();
        if matches!(self.bench.plan.output, Output::Stdout { .. }) && !out::is_file() {
            return;
        }
        let name = file_name(&reply.fields, &[self.url, &reply.url]);
        self.bar = self.bench.bars.begin(&name, had, total);
    }

    fn begins_anew(&mut self, _reply: &Reply, had: u64, is_changed: bool) {
        self.left = 0;
        let had = HumanBytes(had);
        let text = if is_changed {
            format!(
                "{}: the file has changed there: begun anew, without the {had} from before",
                without_secret(self.url)
            )
        } else {
            format!(
                "{}: the server does not give the rest of it: begun anew, without the {had} from before",
                without_secret(self.url)
            )
        };
        watch::say(&self.bench.run, "anew", &text);
    }

    fn moved(&mut self, bytes: u64) -> sock::Result<()> {
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
        }
        match self.failure.take() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn retries(&mut self, retry: &Retry<'_>) {
        self.end_bar();
        let why = retry.why.to_string();
        let why = crate::screen::cure_of(&why).0;
        let pause = timing::Took(retry.pause);
        let text = format!("{why}; trying again in {pause} ({} of {})", retry.n, retry.of);
        watch::say(&self.bench.run, "retry", &text);
    }

    fn refused(&mut self, mut reply: Reply) {
        let unproved = reply.unproved.as_ref();
        self.cure = cure(&self.bench.plan, self.url, reply.status, &reply.fields, unproved);
        let has_more = reply.len != Some(0) && !self.bench.plan.shows_refusal;
        if has_more && !has_own_cure(reply.status) {
            let shows = || "--show-error-body shows what the server says about it".to_owned();
            self.cure = self.cure.take().or_else(|| Some(shows()));
        }
        self.show_head(&reply);
        if self.bench.plan.shows_refusal {
            let mut out = self.bench.out(self.media);
            let shown = reply.body.copy_to(&mut out).and_then(|_| Ok(out.end()?));
            self.failure = shown.err();
        }
    }

    fn kept(&mut self, part: &Path, can_go_on: bool) {
        self.kept = Some((part.to_owned(), can_go_on));
    }
}

/// A signal that another thread was given is seen so much later.
const LOOK: Duration = Duration::from_millis(100);

/// A path, of which no character does more than be seen.
fn legible(path: &Path) -> String {
    path.display().to_string().chars().filter(|c| !c.is_control()).collect()
}
