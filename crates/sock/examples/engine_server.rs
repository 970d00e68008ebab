//! Runs one service on one engine until SIGTERM, for the engine tests: a program, because the
//! children of `fork` need a parent with one thread.
//!
//! `engine_server ENGINE SERVICE [--once] [--max-conns N] [--idle MS] [--linger MS] [--workers N]
//! ENDPOINT…`; it prints each endpoint on a line.

use std::io::Write;
use std::time::Duration;

use sock::{Datagrams, Input, Limits, Out, Protocol, Run, Server, Service};
use sock_proto::protocols::{Settings, find};

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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let engine = args.next().ok_or("ENGINE")?.parse()?;
    let service = match args.next().ok_or("SERVICE")?.as_str() {
        "producer" => {
            Service::each("producer", Producer::default).with_datagrams(Datagrams::PerSender)
        }
        "owing" => Service::each("owing", || Owing { cuts: false }),
        "cutting" => Service::each("cutting", || Owing { cuts: true }),
        "timer" => Service::each("timer", || Timer).with_datagrams(Datagrams::PerSender),
        name => Service::of_row(find(name)?, &Settings::default())?,
    };
    let mut limits = Limits::default();
    let mut server = Server::new(service).engine(engine).grace(Duration::from_secs(1));
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or("a value");
        server = match arg.as_str() {
            "--once" => server.once(),
            "--max-conns" => server.max_conns(value()?.parse()?),
            "--workers" => server.workers(value()?.parse()?),
            "--deny" => {
                let deny = vec![value()?.parse()?];
                server.access(sock::Access { deny, ..sock::Access::default() })
            }
            "--linger" => {
                limits.linger = Some(Duration::from_millis(value()?.parse()?));
                server
            }
            "--idle" => {
                limits.idle = Some(Duration::from_millis(value()?.parse()?));
                server
            }
            endpoint => server.listen(endpoint.parse()?),
        };
    }
    let run = Run::new().limited(limits);
    let bound = server.within(run.clone()).bind()?;
    let asked = run.stop().descriptor().try_clone_to_owned()?;
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
