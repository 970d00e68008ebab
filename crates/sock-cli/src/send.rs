//! `send`: send each message, print the reply to each, leave.

mod ask;

use std::io;
use std::time::Duration;

use anyhow::Result;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::pipe::PIPE_BUF;
use sock::socket::Socket;
use sock::tls::ClientTls;
use sock::{Endpoint, Engine, Limits, Run, Service, converse};

use self::ask::{Ask, Asked, Outcome, Part};
use crate::ending::{Broken, Last};
use crate::screen::Screen;
use crate::secure;
use crate::signals::Signals;
use crate::sockets::Sockets;
use crate::status::Status;
use crate::watch::{Place, Timing, Watch};

/// What is sent, and where.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) endpoint: Endpoint,
    pub(crate) messages: Vec<Vec<u8>>,
    /// Messages on a stream end as they are.
    pub(crate) raw: bool,
    pub(crate) replies: Replies,
    pub(crate) sockets: Sockets,
    pub(crate) tls: ClientTls,
    pub(crate) screen: Screen,
}

/// Which replies are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Replies {
    /// None.
    None,
    /// One to each message; the peer of a stream has all the time in the world.
    #[default]
    Each,
    /// One to each message, within this time.
    Within(Duration),
}

/// Sends, prints, leaves.
pub(crate) fn run(plan: &Plan) -> Result<Status> {
    let mut watch = Watch::new(plan.screen, &Place::Stderr, Timing::Queued, false)?;
    // It is the protocol that has patience here: to leave in the end is no failure.
    let limits = Limits { patience: None, ..plan.sockets.limits() };
    let run = Run::new().limited(limits);
    watch.record(plan.sockets.record.as_deref(), &run, "send", Engine::default())?;
    let run = watch.over(run);
    let status = talk(plan, &run).unwrap_or_else(|error| watch.fail(&run, &error));
    watch.close(&run, status)
}

/// How long `--wait-reply` is for datagrams, which may be lost.
const DATAGRAM_REPLY: Duration = Duration::from_secs(3);

fn talk(plan: &Plan, run: &Run) -> Result<Status> {
    let caller = plan.sockets.caller(&plan.endpoint)?;
    let signals = Signals::end(run.stop())?;
    let asked = Asked {
        messages: plan.messages.iter().map(|message| framed(plan, message)).collect(),
        replies: match plan.replies {
            Replies::Each if plan.endpoint.is_datagram() => Replies::Within(DATAGRAM_REPLY),
            Replies::None | Replies::Each | Replies::Within(_) => plan.replies,
        },
        linger: plan.sockets.linger_or_default(),
    };
    let outcome = Outcome::default();
    let told = outcome.clone();
    let heeded = signals.clone();
    let service = Service::each("send", move || {
        let heeded = heeded.clone();
        let show = move |reply: &[u8], part: Part| print(reply, part, &heeded);
        Ask::new(asked.clone(), told.clone(), show)
    });
    let service = secure::over(service, &plan.endpoint, &plan.tls, &plan.sockets, run)?;
    let socket = caller.call(&plan.endpoint)?;
    check_fit(plan, &socket)?;
    let last = Last::new(run);
    let last = if plan.replies == Replies::None { last } else { last.stopping(run) };
    let held = converse(&last.over(run), service, &socket, None);
    if let Some(status) = signals.leave() {
        return Ok(status);
    }
    let ending = held?;
    let (outcome, peer) = (outcome.take(), last.peer(&plan.endpoint));
    if let Some(error) = outcome.failure {
        return Err(anyhow::Error::new(error).context("cannot write to stdout"));
    }
    if outcome.timed_out {
        let text = format!("timeout: no reply from {peer} to message {}", outcome.replied + 1);
        return Err(Broken::new(Status::Timeout, text).into());
    }
    last.check_whole()?;
    last.judge(&ending, &peer, &plan.sockets)?;
    let promised = if plan.replies == Replies::None { 0 } else { plan.messages.len() };
    if outcome.replied < promised {
        let text =
            format!("cut short: {peer} ended after {} of {promised} replies", outcome.replied);
        return Err(Broken::new(Status::CutShort, text).into());
    }
    Ok(Status::Done)
}

/// A datagram's length has 16 bits, which UDP's own 8 B are part of (RFC 768), and those of IPv4's
/// packet its 20 B too (RFC 791); IPv6 does not count its head (RFC 8200, section 3).
const FITS: [usize; 2] = [65_535 - 8 - 20, 65_535 - 8];

/// Fails for what no datagram holds before anything is sent.
fn check_fit(plan: &Plan, socket: &Socket) -> Result<()> {
    let Some(peer) = socket.peer_addr()?.to_socket_addr().filter(|_| plan.endpoint.is_datagram())
    else {
        return Ok(());
    };
    let most = FITS[usize::from(peer.is_ipv6())];
    let Some(at) = plan.messages.iter().position(|message| message.len() > most) else {
        return Ok(());
    };
    let (n, len, peer) = (at + 1, plan.messages[at].len(), Endpoint::udp(peer));
    let text = format!(
        "cannot send message {n} to {peer}: message too long: {len} B; at most {most} B fit one \
         datagram"
    );
    Err(Broken::new(Status::CutShort, text).into())
}

fn framed(plan: &Plan, message: &[u8]) -> Vec<u8> {
    let end: &[u8] = if plan.raw || plan.endpoint.is_datagram() { b"" } else { b"\n" };
    [message, end].concat()
}

/// One reply, one line. Nobody may read it: a signal ends the wait.
fn print(reply: &[u8], part: Part, signals: &Signals) -> io::Result<()> {
    write(reply, signals)?;
    match part {
        Part::Piece => Ok(()),
        Part::Last => write(b"\n", signals),
    }
}

/// A signal that comes just before a wait begins is seen so much later.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

fn write(mut bytes: &[u8], signals: &Signals) -> io::Result<()> {
    let stdout = rustix::stdio::stdout();
    while !bytes.is_empty() {
        match poll(&mut [PollFd::from_borrowed_fd(stdout, PollFlags::OUT)], Some(&LOOK)) {
            Ok(1..) => {}
            Ok(0) | Err(Errno::INTR) if signals.came() => {
                return Err(io::ErrorKind::Interrupted.into());
            }
            Ok(0) | Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        // So much a pipe that is ready takes without a wait.
        match rustix::io::write(stdout, &bytes[..bytes.len().min(PIPE_BUF)]) {
            Ok(n) => bytes = &bytes[n..],
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
