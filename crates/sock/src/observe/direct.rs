//! Without a queue: an event leaves as one write of whole lines before the call returns, or is lost where nobody
//! reads; how many were lost is told when somebody does.
//!
//! The lock is held while an event is told and never while a process forks, because a process that forks has
//! one thread: so a child never finds it locked by somebody who is not there.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sock_proto::{Event, Time};

use super::appetite::Appetite;
use super::eager::{self, Took};
use super::form::{Failure, Form, Told};
use super::outlet::Cause;
use super::queue::WhenGone;

/// What is shown of a text: with the rest of its line it is less than a pipe takes as one piece (`PIPE_BUF`,
/// 4096 bytes), so that lines of several processes never mix.
pub(super) const ROOM: usize = 2048;

/// Writes each event at once.
pub(super) struct Direct {
    appetite: Appetite,
    /// The process that made it; only that one ends it.
    pid: u32,
    state: Mutex<State>,
}

struct State {
    form: Box<dyn Form>,
    to: Box<dyn eager::Write>,
    text: Vec<u8>,
    /// The process that this state is of.
    pid: u32,
    /// The end of a line whose beginning was taken.
    rest: Vec<u8>,
    dropped: u64,
    /// Events that were lost and were not told to be, and when the first was.
    lost: Option<(Time, u64)>,
    is_closed: bool,
    failure: Option<Cause>,
    when_gone: Option<WhenGone>,
}

impl Direct {
    pub(super) fn new(form: Box<dyn Form>, to: Box<dyn eager::Write>, appetite: Appetite) -> Self {
        let state = State {
            form,
            to,
            text: Vec::new(),
            pid: std::process::id(),
            rest: Vec::new(),
            dropped: 0,
            lost: None,
            is_closed: false,
            failure: None,
            when_gone: None,
        };
        let direct = Self { appetite, pid: std::process::id(), state: Mutex::new(state) };
        direct.write(Time::ZERO, |form, text| form.begin(text));
        direct
    }

    pub(super) fn event(&self, side: usize, event: &Event<'_>) {
        let Some(keep) = self.appetite.keep(&event.what) else { return };
        let told = Told::cut(side, event, keep);
        self.write(event.time, |form, text| form.event(&told, text));
    }

    pub(super) fn failure(&self, time: Time, failure: &Failure<'_>) {
        self.write(time, |form, text| form.failure(time, failure, text));
    }

    pub(super) fn dropped(&self) -> u64 {
        self.state().dropped
    }

    pub(super) fn failed(&self) -> Option<Cause> {
        self.state().failure
    }

    pub(super) fn when_gone(&self, tell: WhenGone) {
        let mut state = self.state();
        match state.failure {
            Some(cause) => {
                drop(state);
                tell(&cause.error());
            }
            None => state.when_gone = Some(tell),
        }
    }

    pub(super) fn close(&self) -> io::Result<()> {
        let mut state = self.state();
        if state.is_closed || state.failure.is_some() {
            state.is_closed = true;
            return state.failure.map_or(Ok(()), |cause| Err(cause.error()));
        }
        state.be_own();
        let mut text = Vec::new();
        if self.pid == state.pid {
            let dropped = state.dropped;
            state.form.end(dropped, &mut text);
        }
        // What was lost is told now, if somebody reads by now.
        let put = state.put(None, &text);
        state.is_closed = true;
        heed(put, state);
        self.failed().map_or(Ok(()), |cause| Err(cause.error()))
    }

    fn write(&self, time: Time, tell: impl FnOnce(&mut dyn Form, &mut Vec<u8>)) {
        let mut state = self.state();
        if state.is_closed || state.failure.is_some() {
            return;
        }
        state.be_own();
        let mut text = std::mem::take(&mut state.text);
        text.clear();
        tell(&mut *state.form, &mut text);
        let put = if text.is_empty() { Ok(()) } else { state.put(Some(time), &text) };
        state.text = text;
        heed(put, state);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Remembers a failure and tells it, without the lock: whoever is told may ask why.
fn heed(put: io::Result<()>, mut state: MutexGuard<'_, State>) {
    let Err(error) = put else { return };
    state.failure = Some(Cause::of(&error));
    let when_gone = state.when_gone.take();
    drop(state);
    if let Some(tell) = when_gone {
        tell(&error);
    }
}

impl State {
    /// Writes the text of an event, behind what is due before it; what is not taken at once is lost.
    fn put(&mut self, time: Option<Time>, text: &[u8]) -> io::Result<()> {
        if let Some((since, count)) = self.lost {
            let mut line = Vec::new();
            self.form.dropped(since, count, &mut line);
            if self.offer(&line)? {
                self.lost = None;
            }
        }
        let is_taken = self.lost.is_none() && self.offer(text)?;
        if let Some(time) = time.filter(|_| !is_taken) {
            self.dropped += 1;
            self.lost.get_or_insert((time, 0)).1 += 1;
        }
        Ok(())
    }

    /// Tells whether the text is taken, be it that its end leaves later.
    fn offer(&mut self, text: &[u8]) -> io::Result<bool> {
        if let Took::Part(n) = self.to.write(&self.rest)? {
            self.rest.drain(..n);
            return Ok(false);
        }
        self.rest.clear();
        match self.to.write(text)? {
            Took::Part(0) => return Ok(false),
            Took::Part(n) => self.rest.extend_from_slice(&text[n..]),
            Took::All => {}
        }
        Ok(true)
    }

    /// What was lost before the fork is the parent's to tell.
    fn be_own(&mut self) {
        let pid = std::process::id();
        if self.pid != pid {
            (self.pid, self.dropped, self.lost) = (pid, 0, None);
            self.rest.clear();
        }
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        // Whoever wants to know closes first.
        let _ = self.close();
    }
}

#[cfg(test)]
mod tests {
    //! That nobody is waited for.

    use std::io::Read;

    use super::super::{Log, Look};
    use super::*;
    use sock_proto::{Observer, What};

    #[test]
    fn what_nobody_reads_is_counted_and_told_when_somebody_does() -> io::Result<()> {
        let (mut reader, writer) = io::pipe()?;
        let log = Log::direct(writer, Look::default());
        let note = |n: u64| {
            let text = format_args!("{n} {}", "x".repeat(1000));
            log.event(&Event { time: Time::ZERO, conn: 0, what: What::Note { code: "n", text } });
        };
        (0..200).for_each(note);
        let dropped = log.dropped();
        assert!((1..200).contains(&dropped), "{dropped}");
        let mut buf = vec![0; 1 << 20];
        let n = reader.read(&mut buf)?;
        note(200);
        let mut text = String::from_utf8_lossy(&buf[..n]).into_owned();
        log.close()?;
        drop(log);
        reader.read_to_string(&mut text)?;
        // A short line may still fit where no long one does.
        let (losses, notes): (Vec<&str>, Vec<&str>) =
            text.lines().partition(|line| line.contains("not shown"));
        let counts = losses.iter().filter_map(|line| line.split(' ').next()?.parse::<u64>().ok());
        assert_eq!(counts.sum::<u64>(), dropped, "{losses:?}");
        let [shown @ .., last] = &notes[..] else { panic!("{text}") };
        assert!(last.starts_with("200 x") && text.ends_with(&format!("{last}\n")));
        assert_eq!(shown.len() as u64, 200 - dropped, "whole lines");
        assert!(shown.iter().enumerate().all(|(n, line)| line.starts_with(&format!("{n} x"))));
        Ok(())
    }
}
