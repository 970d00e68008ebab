//! Reports as runs fill them: a good one, one under strain, ones with nothing in them.

use sock_load::{
    Bytes, Cause, Connections, Cpu, ErrorCount, Histogram, Latency, Machine, Messages, Pacing,
    Report, Second, ServerCpu, Told, Usage, Verdict,
};

/// Chance that is the same every time: Marsaglia's xorshift.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// From 0 up to and without 1.
    pub(crate) fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        f64::from(u32::try_from(self.0 >> 32).unwrap()) / 4_294_967_296.0
    }

    /// About `middle`, now and then much more, as latencies are.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time in ns")]
    fn latency(&mut self, middle: f64) -> u64 {
        let normal = (0..12).map(|_| self.next()).sum::<f64>() - 6.0;
        let tail = if self.next() > 0.99 { 1.0 + 20.0 * self.next().powi(4) } else { 1.0 };
        (middle * (normal * 0.15).exp() * tail) as u64
    }
}

const SECOND: u64 = 1_000_000_000;

/// A closed loop of so many seconds with nothing wrong, `speed` times a middling one.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
pub(crate) fn good(seconds: u64, speed: f64, chosen: u64) -> Report {
    let mut chance = Chance::new(chosen);
    let mut all = Histogram::new();
    let mut timeline = Vec::new();
    let each = 400;
    for second in 0..seconds {
        let mut one = Histogram::new();
        for _ in 0..each {
            one.record(chance.latency(340_000.0 / speed));
        }
        all.merge(&one);
        let replies = (speed * (180_000.0 + 9_000.0 * chance.next())) as u64;
        timeline.push(Second {
            t: second * SECOND,
            span: SECOND,
            replies,
            errors: 0,
            open: 64,
            bytes: Bytes { out: replies * 64, back: replies * 64 },
            p50: one.at(0.5),
            p99: one.at(0.99),
            max: one.max(),
        });
    }
    let replies: u64 = timeline.iter().map(|second| second.replies).sum();
    let mut report = Report {
        told: Told {
            endpoint: "tcp://127.0.0.1:50007".into(),
            transport: "tcp".into(),
            service: Some("echo".into()),
            engine: "epoll".into(),
            connections: 64,
            pacing: Pacing::Closed { depth: 1 },
            size: Some(64),
            duration: Some(seconds * SECOND),
            warm_up: Some(SECOND),
            workers: 1,
            ..Told::default()
        },
        machine: Machine {
            kernel: Some("Linux 6.18.5".into()),
            cpu: Some("AMD EPYC 9B14".into()),
            cores: Some(2),
        },
        began_unix_ns: Some(1_800_000_000 * SECOND),
        measured: seconds * SECOND,
        messages: Messages { due: None, sent: replies, replies },
        bytes: Bytes { out: replies * 64, back: replies * 64 },
        latency: Latency::of(&all),
        timeline,
        connections: Connections {
            asked: 64,
            opened: 64,
            open_at_end: 64,
            peak: 64,
            ..Connections::default()
        },
        cpu: Cpu {
            generator: Some(Usage { user: seconds * SECOND / 10, sys: seconds * SECOND * 7 / 10 }),
            busiest: Some(0.81),
            server: Some(ServerCpu {
                pid: 4711,
                user: seconds * SECOND / 10,
                sys: seconds * SECOND * 8 / 10,
                per_message: Some(4_900.0 / speed + 20.0 * chance.next()),
            }),
        },
        ..Report::default()
    };
    report = report.with_rates();
    report.verdict = Verdict::of(&report);
    report
}

/// An open loop that was asked for too much: it stalls, loses connections and runs into limits.
pub(crate) fn strained(seconds: u64) -> Report {
    let mut report = good(seconds, 1.0, 7);
    let mut chance = Chance::new(9);
    let (mut all, mut late, mut connect) = (Histogram::new(), Histogram::new(), Histogram::new());
    for (n, second) in report.timeline.iter_mut().enumerate() {
        let stalls = n % 7 == 4;
        let mut one = Histogram::new();
        for _ in 0..400 {
            let wait = if stalls { 300_000_000.0 * chance.next() } else { 0.0 };
            one.record(chance.latency(500_000.0 + wait));
            late.record(chance.latency(if stalls { 900_000.0 } else { 20_000.0 }));
            connect.record(chance.latency(120_000.0));
        }
        all.merge(&one);
        (second.p50, second.p99, second.max) = (one.at(0.5), one.at(0.99), one.max());
        if stalls {
            second.replies /= 5;
            second.errors = 40;
        }
        if n % 7 == 5 {
            (second.replies, second.p50, second.p99, second.max) = (0, None, None, None);
        }
    }
    let replies: u64 = report.timeline.iter().map(|second| second.replies).sum();
    let errors = report.timeline.iter().map(|second| second.errors).sum::<u64>();
    report.told.pacing = Pacing::Open { rate: 200_000.0 };
    report.told.new_connection = true;
    report.messages = Messages { due: Some(200_000 * seconds), sent: replies + errors, replies };
    report.latency = Latency::of(&all);
    report.lateness = Some(Latency::of(&late));
    report.connect = Some(Latency::of(&connect));
    report.errors = vec![
        ErrorCount {
            cause: Cause::AddressNotAvailable,
            count: errors / 2,
            text: "cannot connect from 127.0.0.1: 28,232 of 28,232 ports are in use or wait (EADDRNOTAVAIL)"
                .into(),
            cure: Some("use several source addresses, or net.ipv4.tcp_tw_reuse=1".into()),
        },
        ErrorCount {
            cause: Cause::Wrong,
            count: errors - errors / 2,
            text: "expected \"<b>&\", got \"\u{1b}[2J\u{202e}x\"".into(),
            cure: None,
        },
    ];
    report.cpu.busiest = Some(0.987);
    report.connections = Connections {
        asked: replies + errors,
        opened: replies,
        open_at_end: 12,
        peak: 52,
        unheard: 3,
        cut: 37,
        first_cut: Some(4_210_000_000),
    };
    report = report.with_rates();
    report.verdict = Verdict::of(&report);
    report
}

/// A server that answers nothing.
pub(crate) fn silent() -> Report {
    let mut report = good(5, 1.0, 3);
    for second in &mut report.timeline {
        *second = Second { t: second.t, span: second.span, errors: 64, ..Second::default() };
    }
    report.messages = Messages { due: None, sent: 320, replies: 0 };
    report.bytes = Bytes { out: 20_480, back: 0 };
    report.latency = Latency::of(&Histogram::new());
    report.cpu.server = None;
    report.errors = vec![ErrorCount {
        cause: Cause::Timeout,
        count: 320,
        text: "no reply within 1 s".into(),
        cure: Some("is it a server of this protocol?".into()),
    }];
    report = report.with_rates();
    report.verdict = Verdict::of(&report);
    report
}

/// A web server that has no such page.
pub(crate) fn mistaken() -> Report {
    let mut report = silent();
    report.told.endpoint = "http://127.0.0.1:8000/nowhere".into();
    (report.told.service, report.told.until) = (None, Some("http".into()));
    report.bytes.back = 96_000;
    report.errors = vec![ErrorCount {
        cause: Cause::Wrong,
        count: 320,
        text: "the first has the status 404".into(),
        cure: None,
    }];
    report = report.with_rates();
    report.verdict = Verdict::of(&report);
    report
}

/// One message, one reply, less than a second.
pub(crate) fn single() -> Report {
    let mut report = good(1, 1.0, 3);
    let mut one = Histogram::new();
    one.record(52_300);
    report.measured = 61_000;
    report.timeline = vec![Second {
        t: 0,
        span: 61_000,
        replies: 1,
        open: 1,
        p50: one.at(0.5),
        p99: one.at(0.99),
        max: one.max(),
        ..Second::default()
    }];
    report.cpu.generator = Some(Usage { user: 4_000, sys: 21_000 });
    report.cpu.server =
        Some(ServerCpu { pid: 4711, user: 2_000, sys: 9_000, per_message: Some(11_000.0) });
    (report.cpu.busiest, report.told.warm_up) = (Some(0.41), None);
    report.told.connections = 1;
    report.told.number = Some(1);
    report.connections =
        Connections { asked: 1, opened: 1, open_at_end: 1, peak: 1, ..Connections::default() };
    report.messages = Messages { due: None, sent: 1, replies: 1 };
    report.bytes = Bytes { out: 64, back: 64 };
    report.latency = Latency::of(&one);
    report = report.with_rates();
    report.verdict = Verdict::of(&report);
    report
}
