//! Calls that failed because they were watched, and are made again.
//!
//! A signal that a program ignores never reaches it: the kernel drops it where it is sent. While a program is traced the kernel
//! keeps it, so that the tracer hears of it, and wakes the program to tell. After that most calls go on by themselves
//! (signal(7)), but some do not: `epoll_wait` fails with EINTR, and so does a call on a socket that has a time limit. A wait
//! is made again as if nothing had happened, with what is left of its time. Where that cannot be, it is said.

use serde_json::json;
use sock_record::Level;

use crate::calls::{HERE, Sys};
use crate::signals::{Heard, heard};
use crate::sys::{Tid, call_again, fail_after_all, give_fourth, is_at};
use crate::tasks::{Interrupted, On, Open, SIGNAL};
use crate::tracer::Tracer;
use crate::words;

/// Where among its arguments `epoll_wait` has its limit, and its likes the signals that it lets in.
const LIMIT: usize = 3;
const LETS_IN: usize = 4;

impl Tracer<'_> {
    /// A task is about to get a signal: that is what has interrupted the call which it was in. True where the signal never
    /// was for the program: it is not to have it.
    pub(crate) fn is_unheard(&mut self, tid: Tid, signal: i32) -> bool {
        let interrupted = self.tasks.all.get(&tid).and_then(|task| task.interrupted.as_ref());
        let Some(Interrupted { open, is_over, place, is_again, .. }) = interrupted else {
            return false;
        };
        let is_there = *is_again || (*is_over && is_at(tid, *place));
        let heard = if is_there && may_be_ours(open) { heard(tid, signal) } else { Heard::This };
        let ev = open.ev;
        // Where another one waits, that is what has ended the call.
        if heard == Heard::Another || (heard == Heard::Neither && self.make_again(tid)) {
            return true;
        }
        self.fail_after_all(tid);
        let task = self.tasks.all.get_mut(&tid);
        let Some(it) = task.and_then(|task| task.interrupted.as_mut()) else { return false };
        let is_over = it.is_over;
        it.open.wish.more(SIGNAL, json!(words::signal(signal)));
        self.failed(tid);
        if is_over && heard == Heard::Neither {
            let who = self.tasks.process(tid).map_or("the program", |process| &process.name);
            let signal = words::signal(signal);
            let text = format!(
                "{signal} came, which {who} ignores; the call failed (EINTR) only because it is watched, and would have waited on \
                 without sock"
            );
            self.tape.note(Some(ev), "interrupted", Level::Info, text);
        }
        false
    }

    /// A task is stopped with its group: what that has interrupted has failed, as it does where nobody watches.
    pub(crate) fn stays(&mut self, tid: Tid) {
        self.fail_after_all(tid);
        self.failed(tid);
    }

    fn make_again(&mut self, tid: Tid) -> bool {
        let now = self.now;
        let task = self.tasks.all.get_mut(&tid);
        let Some(it) = task.and_then(|task| task.interrupted.as_mut()) else { return false };
        if it.is_again {
            return true;
        }
        let nr = HERE.calls().find(|(sys, _)| *sys == it.open.sys).map(|(_, nr)| u64::from(nr));
        let (Some(nr), Some(limit)) = (nr, limit_left(&it.open, now)) else { return false };
        if !call_again(tid, it.place, &it.open.args, nr, limit) {
            return false;
        }
        it.open.limit = Some(std::mem::replace(&mut it.open.args[LIMIT], limit));
        (it.is_over, it.is_again) = (false, true);
        true
    }

    /// What was to be made again is not: there was another signal besides, that the program hears.
    fn fail_after_all(&mut self, tid: Tid) {
        let task = self.tasks.all.get_mut(&tid);
        if let Some(it) = task.and_then(|task| task.interrupted.as_mut())
            && std::mem::take(&mut it.is_again)
        {
            it.is_over = true;
            if let Some(limit) = it.open.limit.take() {
                it.open.args[LIMIT] = limit;
                fail_after_all(tid, it.place, limit);
            }
        }
    }

    /// A call that was made again has returned: the program finds the arguments that it gave.
    pub(crate) fn give_limit(tid: Tid, open: &mut Open) {
        if let Some(limit) = open.limit.take() {
            open.args[LIMIT] = limit;
            give_fourth(tid, limit);
        }
    }
}

/// Whether a call that failed would have waited on, had the signal been dropped where it was sent. A wait that lets signals
/// in which are kept out before would have failed of one that was waiting there.
fn may_be_ours(open: &Open) -> bool {
    match open.sys {
        Sys::EpollWait => true,
        Sys::EpollPwait | Sys::EpollPwait2 => open.args[LETS_IN] == 0,
        _ => matches!(open.on, On::Sock(_)),
    }
}

/// The limit, as an argument, that a wait has where it is made again; none if it cannot be.
fn limit_left(open: &Open, now: u64) -> Option<u64> {
    const MS: u64 = 1_000_000;
    let On::Wait(waiting) = &open.on else { return None };
    match (open.sys, waiting.timeout) {
        (Sys::EpollWait | Sys::EpollPwait | Sys::EpollPwait2, None) => Some(open.args[LIMIT]),
        (Sys::EpollWait | Sys::EpollPwait, Some(timeout)) => {
            let ends = open.enter.saturating_add(u64::try_from(timeout.as_nanos()).ok()?);
            Some(ends.saturating_sub(now).div_ceil(MS))
        }
        // The limit of `epoll_pwait2` lies in the program's memory.
        _ => None,
    }
}
