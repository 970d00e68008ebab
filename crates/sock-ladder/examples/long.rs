//! Pairs and draws a long made-up record, and says how long that took: `cargo run --release -p sock-ladder --example long
//! [EVENTS] [text|html|varied]`. The record is an echo conversation; `varied` makes every message another length, so that
//! nothing folds.

use std::io::{self, Write};
use std::time::Instant;

use sock_ladder::{Drawing, html, text};
use sock_record::{
    Call, CallKind, Dir, Ev, Family, Kind, Line, Origin, Proc, ProcId, Sock, SockId,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let events: u64 = words.first().map_or(Ok(1_000_000), |n| n.parse())?;
    let what = words.get(1).map_or("text", String::as_str);
    let lines = record(events, what == "varied");
    let drawing = Drawing { width: 100, explain: true, ..Drawing::default() };
    let own = peak();
    #[expect(clippy::disallowed_methods, reason = "an example measures itself")]
    let start = Instant::now();
    let picture = if what == "html" { html(&lines, &drawing) } else { text(&lines, &drawing) };
    let took = start.elapsed();
    let all = peak();
    let mut out = io::stdout().lock();
    if what == "html" {
        out.write_all(picture.as_bytes())?;
    }
    let mut err = io::stderr().lock();
    writeln!(
        err,
        "{events} events, {} bytes of {what}: {took:?}, {all} kB at most, of which {own} kB are the record",
        picture.len()
    )?;
    Ok(())
}

/// The most memory that this process has had, in kB; 0 where the system does not tell.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok()).unwrap_or(0)
}

fn record(events: u64, varied: bool) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (id, name) in [(1, "client"), (2, "server")] {
        lines.push(Proc::new(ProcId(id), name, 0).into());
    }
    let ends = ["127.0.0.1:40000", "127.0.0.1:7"];
    for (id, from) in [(1, Origin::Socket), (2, Origin::Accept)] {
        let mut sock = Sock::new(SockId(id), Family::Inet, Kind::Stream, from, 0);
        let own = usize::from(id == 2);
        (sock.local, sock.peer) = (Some(ends[own].into()), Some(ends[1 - own].into()));
        lines.push(sock.into());
    }
    for n in 0..events / 4 {
        let t = 1_000 + n * 40_000;
        let len = if varied { n % 997 + 1 } else { 64 };
        for (at, proc, kind) in [(0, 1, 0), (0, 2, 1), (1, 2, 0), (1, 1, 1)] {
            let call = [CallKind::Send, CallKind::Recv][kind].clone();
            let enter = t + at * 20_000 + kind as u64 * 3_000;
            let mut line = Call::new(Ev(lines.len() as u64), ProcId(proc), call, enter);
            line.exit = Some(enter + 6_000);
            line.sock = Some(SockId(proc));
            line.ret = i64::try_from(len).ok();
            line.dir = Some([Dir::Out, Dir::In][kind]);
            line.args.len = Some(if kind == 0 { len } else { 1024 });
            line.data = Some(vec![b'x'; usize::try_from(len.min(64)).unwrap_or(64)].into());
            line.state = Some("ESTABLISHED".into());
            lines.push(line.into());
        }
    }
    lines
}
