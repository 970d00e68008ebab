//! Traced: a row of the demo, played by a program of its own whose calls are seen as they happen.
//!
//! ```text
//! sock demo ── sock demo --row D4 ── its threads: client, server
//!     ^            │ calls, by the tracer      │ which thread is whom, in memory that both have
//!     └────────────┴───────────────────────────┘
//! ```
//!
//! A program has one lane in a ladder. Here each side has one, though they are threads of one program: so each call is
//! given to the side on whose thread it was made.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use rustix::fs::{MemfdFlags, memfd_create};
use sock_record::{Call, CallKind, Dir, Line, Proc, ProcId};
use sock_trace::{Ended, Plan, Program, TraceError, trace};

use super::Row;
use super::stage::Threads;
use crate::status::Status;

/// No row takes a hundredth of it.
const PATIENCE: Duration = Duration::from_secs(20);
/// This program itself, even where its file has been replaced since it was started.
const ITSELF: &str = "/proc/self/exe";

/// What came of a row.
pub(super) enum Seen {
    /// What its sides did.
    Lines(Vec<Line>),
    /// It was not as it must be: the program that played it has said why, and left this.
    Failed(Status),
}

/// What a row is seen to do; none where nobody may be traced.
pub(super) fn play(row: &Row) -> Result<Option<Seen>> {
    // It is inherited: the program that plays tells by it which of its threads is whom.
    let told = File::from(memfd_create("sock-demo", MemfdFlags::empty())?);
    let program = Program::new(
        [ITSELF, "demo", "--row", row.deck, "--tell"]
            .map(str::to_owned)
            .into_iter()
            .chain([told.as_raw_fd().to_string()]),
    );
    let plan = Plan::new([program]).preview(None).timeout(Some(PATIENCE));
    let mut lines = Vec::new();
    let outcome = match trace(&plan, &mut |line| lines.push(line)) {
        Err(TraceError::Refused { .. }) => return Ok(None),
        outcome => outcome?,
    };
    ensure!(!outcome.timed_out, "it was not over after {} s", PATIENCE.as_secs());
    match outcome.ended[..] {
        [Some(Ended::Exit(0))] => {}
        [Some(Ended::Exit(status))] => {
            let status = u8::try_from(status).unwrap_or(u8::MAX);
            return Ok(Some(Seen::Failed(Status::Program(status))));
        }
        // Where there is no /proc.
        [Some(Ended::NotRun(_))] => return Ok(None),
        [Some(Ended::Signal(signal))] => bail!("its program was ended by signal {signal}"),
        _ => bail!("its program has no end"),
    }
    let threads = fs::read_to_string(place(told.as_raw_fd()))?;
    let threads = Threads::from_json(&serde_json::from_str(&threads)?)?;
    Ok(Some(Seen::Lines(by_side(lines, &threads))))
}

/// Plays a row, and tells whoever traces it which of the threads is whom.
pub(super) fn act(row: &Row, tell: RawFd) -> Result<()> {
    let played = (row.play)()?;
    let mut told = File::options().write(true).open(place(tell))?;
    told.write_all(played.threads.to_json().to_string().as_bytes())?;
    Ok(())
}

fn place(fd: RawFd) -> String {
    format!("/proc/self/fd/{fd}")
}

/// Gives each call to the side that made it, and each side a lane.
fn by_side(lines: Vec<Line>, threads: &Threads) -> Vec<Line> {
    let mut drawn = Vec::new();
    for mut line in lines {
        if let Line::Call(call) = &mut line {
            if is_look(call) {
                continue;
            }
            call.proc = threads.side(call.tid);
            settle(call);
        }
        let is_head = matches!(line, Line::Meta(_));
        // The program and its threads are nobody's lane.
        if !matches!(line, Line::Proc(_)) {
            drawn.push(line);
        }
        if is_head {
            let sides = threads.names.iter().zip(1..);
            drawn.extend(sides.map(|(name, id)| Line::Proc(Proc::new(ProcId(id), name, 0))));
        }
    }
    drawn
}

/// Whether a call only looked whether something was there, and nothing was.
fn is_look(call: &Call) -> bool {
    call.dir == Some(Dir::In) && call.err.as_deref() == Some("EAGAIN")
}

/// A connect that goes on by itself is one that the library waits for, with a limit of time; the row would have failed
/// had it failed. To who called it, and to the lecture, it is one call that connects.
fn settle(call: &mut Call) {
    if call.call == CallKind::Connect && call.err.as_deref() == Some("EINPROGRESS") {
        (call.ret, call.err) = (Some(0), None);
    }
}
