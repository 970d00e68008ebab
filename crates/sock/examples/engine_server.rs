//! A fixture of the engine tests, and no example of how to write a program: those are the others.
//!
//! It runs one service on one engine until SIGTERM: a program, because the children of `fork` need
//! a parent with one thread.
//!
//! `engine_server ENGINE SERVICE [OPTION…] ENDPOINT…`; it prints each endpoint on a line, and with
//! `--log` its events on the standard error. `relay=ENDPOINT` is a service as well, and so is
//! `http=HEAD,BODY,RATE,IDLE,STALLED,DIR`: a web server with this patience (in milliseconds), and
//! with `upload:DIR` one that stores files.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use sock::http::FileSite;
use sock::{Datagrams, Endpoint, Input, Limits, Out, Peer, Protocol, Run, Server, Service};
use sock_proto::protocols::http::{Offer, Patience, Place};
use sock_proto::protocols::{Echo, Settings, find};
use sock_proto::{Event, Interest, Observer, What};

/// Sends 100 numbered lines, each when the one before has left, and ends.
#[derive(Default)]
struct Producer {
    n: u32,
}

impl Producer {
    fn next(&mut self, out: &mut Out<'_>) {
        if self.n == 100 {
            return out.close();
        }
        self.n += 1;
        out.say(format_args!("line {}\n", self.n));
        out.notify_drained();
    }
}

impl Protocol for Producer {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Open if out.kind() == sock_proto::Kind::Stream => self.next(out),
            Input::Data(_) if out.kind() == sock_proto::Kind::Datagram => self.next(out),
            Input::Drained => self.next(out),
            Input::Open
            | Input::Data(_)
            | Input::Eof
            | Input::Timeout
            | Input::Stop
            | Input::Closed(_) => {}
        }
    }
}

/// Answers `tick` 50 ms after something came, and ends.
struct Timer;

impl Protocol for Timer {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Data(_) => out.wake_at(out.now() + Duration::from_millis(50)),
            Input::Timeout => {
                out.send(b"tick");
                out.close();
            }
            Input::Open | Input::Drained | Input::Eof | Input::Stop | Input::Closed(_) => {}
        }
    }
}

/// Sends more than any kernel holds, and then closes, or cuts the peer short 50 ms later.
struct Owing {
    cuts: bool,
}

impl Protocol for Owing {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Open => {
                out.send(&vec![b'.'; 64 * 1024 * 1024]);
                if self.cuts {
                    out.wake_at(out.now() + Duration::from_millis(50));
                } else {
                    out.close();
                }
            }
            Input::Timeout => out.abort(),
            Input::Data(_) | Input::Drained | Input::Eof | Input::Stop | Input::Closed(_) => {}
        }
    }
}

/// Passes everything on to an endpoint that it calls, and back.
struct Relay {
    target: Endpoint,
    other: Option<Peer>,
}

impl Protocol for Relay {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        let here = out.peer();
        let there = if here == Peer::FIRST { self.other } else { Some(Peer::FIRST) };
        match (input, there) {
            (Input::Open, None) => {
                let other = out.dial(self.target.clone());
                out.feeds(here, other);
                out.feeds(other, here);
                self.other = Some(other);
            }
            (Input::Open, Some(there)) if !out.to(there).is_open() => out.abort(),
            (Input::Data(bytes), Some(there)) => out.to(there).send(bytes),
            (Input::Eof, Some(there)) => out.to(there).finish(),
            (Input::Closed(reason), Some(there)) => {
                out.note("relay", format_args!("{here:?} {}", reason.how.word()));
                out.to(there).close();
            }
            _ => {}
        }
    }
}

/// Echoes until it hears `panic`.
struct Panicking;

impl Protocol for Panicking {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Data(b"panic") => panic!("as the test has asked"),
            Input::Data(bytes) => out.send(bytes),
            Input::Eof => out.finish(),
            Input::Open | Input::Drained | Input::Timeout | Input::Stop | Input::Closed(_) => {}
        }
    }
}

/// Echoes, but for who says `chargen` sends as much as anybody takes.
struct Mixed {
    produces: bool,
}

impl Protocol for Mixed {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Data(b"chargen") => self.produces = true,
            Input::Data(bytes) => out.send(bytes),
            Input::Eof => out.finish(),
            Input::Open | Input::Drained | Input::Timeout | Input::Stop | Input::Closed(_) => {}
        }
        if self.produces {
            out.send(&[b'.'; 4096]);
            out.notify_drained();
        }
    }
}

/// Answers a datagram by as many of its beginnings as its first byte says, each longer than the one
/// before; an empty one by an empty one.
struct Beginnings;

impl Protocol for Beginnings {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        let Input::Data(bytes) = input else { return };
        let Some(&count) = bytes.first() else { return out.send(b"") };
        let count = usize::from(count);
        (1..=count).for_each(|n| out.send(&bytes[..bytes.len() * n / count]));
    }
}

/// Says the events that the tests wait for, each in one write: children share the descriptor.
struct Lines;

impl Observer for Lines {
    fn event(&self, event: &Event<'_>) {
        let conn = event.conn;
        let line = match &event.what {
            What::Open { called, .. } => format!("open {conn} called={called}\n"),
            What::Closed { reason, sent, received, .. } => {
                let how = reason.how.word();
                format!("closed {conn} how={how} sent={sent} received={received}\n")
            }
            What::Request { line, status, bytes, .. } => {
                format!("request {conn}: {} {status} {bytes}\n", line.escape_ascii())
            }
            What::Note { code, text } => format!("note {conn} {code}: {text}\n"),
            What::Stopped { conversations, .. } => format!("stopped {conversations}\n"),
            What::Listening { engine, .. } => format!("listening under {engine}\n"),
            What::Received { .. } | What::Sent { .. } | What::Eof | What::Finished => return,
        };
        // Nobody listens any more: the test is over.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }

    fn interest(&self) -> Interest {
        Interest::CONVERSATIONS.union(Interest::NOTES)
    }
}

fn service(name: &str) -> Result<Service, Box<dyn std::error::Error>> {
    let senders = Datagrams::PerSender { most: 64 };
    if let Some(target) = name.strip_prefix("relay=") {
        let target: Endpoint = target.parse()?;
        let relay = move || Relay { target: target.clone(), other: None };
        return Ok(Service::each("relay", relay).with_datagrams(senders));
    }
    if let Some(how) = name.strip_prefix("http=") {
        let settings = Settings { http: Some(Arc::new(offer(how)?)), ..Settings::default() };
        return Ok(Service::of_row(find("http")?, &settings)?);
    }
    Ok(match name {
        "producer" => Service::each("producer", Producer::default).with_datagrams(senders),
        "timer" => Service::each("timer", || Timer).with_datagrams(senders),
        "owing" => Service::each("owing", || Owing { cuts: false }),
        "cutting" => Service::each("cutting", || Owing { cuts: true }),
        "chargen-or-echo" => Service::each("chargen-or-echo", || Mixed { produces: false }),
        "beginnings" => Service::each("beginnings", || Beginnings),
        "panicking" => Service::each("panicking", || Panicking),
        "panicking-room" => Service::shared("panicking-room", || Panicking),
        "two-senders" => {
            let two = Datagrams::PerSender { most: 2 };
            Service::each("two-senders", || Echo).with_datagrams(two)
        }
        "senders" => Service::each("senders", || Echo).with_datagrams(senders),
        name => Service::of_row(find(name)?, &Settings::default())?,
    })
}

/// A directory, and how patient its server is.
fn offer(how: &str) -> Result<Offer, Box<dyn std::error::Error>> {
    let mut words = how.splitn(6, ',');
    let mut word = || words.next().ok_or("HEAD,BODY,RATE,IDLE,STALLED,DIR");
    let mut time = || Ok::<_, Box<dyn std::error::Error>>(Duration::from_millis(word()?.parse()?));
    let (head, body) = (time()?, time()?);
    let rate = u32::try_from(time()?.as_millis())?;
    let (idle, stalled) = (time()?, time()?);
    let place = word()?;
    let upload = place.strip_prefix("upload:");
    let site = FileSite::open(upload.unwrap_or(place))?;
    let site = if upload.is_some() { site.with_uploads() } else { site };
    Ok(Offer {
        place: Place::Site(Arc::new(site)),
        upload: upload.map(|_| 1 << 30),
        patience: Patience { head, body, rate, idle, stalled },
        ..Offer::default()
    })
}

/// Has the kernel refuse a system call from now on: `io_uring_setup=1` with the error EPERM.
fn forbid(what: &str) -> Result<(), Box<dyn std::error::Error>> {
    let (call, errno) = what.split_once('=').ok_or("CALL=ERRNO")?;
    let call = match call {
        "io_uring_setup" => libc::SYS_io_uring_setup,
        "io_uring_register" => libc::SYS_io_uring_register,
        other => return Err(format!("no call {other}").into()),
    };
    let filter = SeccompFilter::new(
        [(call, Vec::new())].into(),
        SeccompAction::Allow,
        SeccompAction::Errno(errno.parse()?),
        std::env::consts::ARCH.try_into()?,
    )?;
    seccompiler::apply_filter(&BpfProgram::try_from(filter)?)?;
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let engine = args.next().ok_or("ENGINE")?.parse()?;
    let service = service(&args.next().ok_or("SERVICE")?)?;
    let mut limits = Limits::default();
    let mut run = Run::new();
    let mut options = sock::SocketOptions::default();
    let mut access = sock::Access::default();
    let mut server = Server::new(service).engine(engine).grace(Duration::from_secs(1));
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or("a value");
        let time = |text: String| text.parse().map(Duration::from_millis);
        server = match arg.as_str() {
            "--once" => server.once(),
            "--pause-accept" => server.pause_accept(time(value()?)?),
            "--max-conns" => server.max_conns(value()?.parse()?),
            "--workers" => server.workers(value()?.parse()?),
            "--pin" => server.pin(),
            "--grace" => server.grace(time(value()?)?),
            "--busy-poll" => server.busy_poll(match value()?.as_str() {
                "always" => Duration::MAX,
                micros => Duration::from_micros(micros.parse()?),
            }),
            endpoint if !endpoint.starts_with("--") => server.listen(endpoint.parse()?),
            "--reset" => {
                limits.reset = true;
                server
            }
            "--log" => {
                run = run.observed_by(Arc::new(Lines));
                server
            }
            option => {
                let value = value()?;
                match option {
                    "--allow" => access.allow.push(value.parse()?),
                    "--deny" => access.deny.push(value.parse()?),
                    "--backlog" => options.backlog = value.parse()?,
                    "--linger" => limits.linger = Some(time(value)?),
                    "--idle" => limits.idle = Some(time(value)?),
                    "--forbid" => forbid(&value)?,
                    other => return Err(format!("no option {other}").into()),
                }
                server
            }
        };
    }
    let run = run.limited(limits);
    let bound = server.access(access).options(options).within(run.clone()).bind()?;
    let asked = run.stop().descriptor()?.try_clone_to_owned()?;
    signal_hook::low_level::pipe::register(signal_hook::consts::SIGTERM, asked)?;
    let mut stdout = std::io::stdout();
    for endpoint in bound.endpoints() {
        writeln!(stdout, "{endpoint}")?;
    }
    stdout.flush()?;
    let counts = bound.run()?;
    writeln!(stdout, "{} {} {}", counts.conversations, counts.sent, counts.received)?;
    Ok(())
}
