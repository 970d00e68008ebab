//! Arbitrary reports: every field known or null, no number too large, no text too wild.

use proptest::collection::vec;
use proptest::option::of as maybe;
use proptest::prelude::*;
use sock_load::{
    Bytes, Cause, Connections, Cpu, Direction, ErrorCount, Histogram, Latency, Machine, Messages,
    Pacing, Report, Schema, Second, ServerCpu, Throughput, Told, Usage, Verdict,
};

pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-z0-9.:/]{1,60}", "\\PC{0,9}", any::<String>()]
}

/// A count of any size; small ones are likelier.
fn size() -> impl Strategy<Value = u64> {
    prop_oneof![0_u64..4, 0_u64..100_000, any::<u64>()]
}

/// A number that JSON gives back to the bit: halves.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![0_u32..4, any::<u32>()].prop_map(|n| f64::from(n) / 2.0)
}

pub(crate) fn histogram() -> BoxedStrategy<Histogram> {
    let time = prop_oneof![0_u64..50, 20_000_u64..90_000, 0_u64..1 << 40, any::<u64>()];
    vec((time, 1_u32..40), 0..20)
        .prop_map(|times| {
            let mut histogram = Histogram::new();
            for (ns, n) in times {
                (0..n).for_each(|_| histogram.record(ns));
            }
            histogram
        })
        .boxed()
}

fn latency() -> BoxedStrategy<Latency> {
    (histogram(), any::<bool>())
        .prop_map(|(histogram, whole)| {
            let latency = Latency::of(&histogram);
            if whole { latency } else { Latency { histogram: None, ..latency } }
        })
        .boxed()
}

fn pacing() -> impl Strategy<Value = Pacing> {
    prop_oneof![
        any::<u32>().prop_map(|depth| Pacing::Closed { depth }),
        number().prop_map(|rate| Pacing::Open { rate }),
        proptest::sample::select(vec![Direction::Up, Direction::Down, Direction::Both])
            .prop_map(|direction| Pacing::Bulk { direction }),
    ]
}

fn told() -> BoxedStrategy<Told> {
    let who = (text(), text(), maybe(text()), text(), size(), pacing());
    let what = (maybe(size()), maybe(text()), maybe(size()), maybe(size()), maybe(size()));
    let how = (maybe(size()), any::<bool>(), maybe(size()), any::<u32>(), maybe(size()));
    (who, what, how)
        .prop_map(|(who, what, how)| {
            let (endpoint, transport, service, engine, connections, pacing) = who;
            let (size, until, duration, number, warm_up) = what;
            let (ramp, new_connection, timeout, workers, busy_poll) = how;
            Told {
                endpoint,
                transport,
                service,
                engine,
                connections,
                pacing,
                size,
                until,
                duration,
                number,
                warm_up,
                ramp,
                new_connection,
                timeout,
                workers,
                busy_poll,
            }
        })
        .boxed()
}

fn bytes() -> impl Strategy<Value = Bytes> {
    (size(), size()).prop_map(|(out, back)| Bytes { out, back })
}

fn second() -> BoxedStrategy<Second> {
    let counts = (size(), size(), size(), size(), size());
    (counts, bytes(), maybe(size()), maybe(size()), maybe(size()))
        .prop_map(|((t, span, replies, errors, open), bytes, p50, p99, max)| Second {
            t,
            span,
            replies,
            errors,
            open,
            bytes,
            p50,
            p99,
            max,
        })
        .boxed()
}

fn error() -> BoxedStrategy<ErrorCount> {
    (proptest::sample::select(Cause::ALL.to_vec()), size(), text(), maybe(text()))
        .prop_map(|(cause, count, text, cure)| ErrorCount { cause, count, text, cure })
        .boxed()
}

fn cpu() -> BoxedStrategy<Cpu> {
    let server = (any::<u32>(), size(), size(), maybe(number()))
        .prop_map(|(pid, user, sys, per_message)| ServerCpu { pid, user, sys, per_message });
    let generator = (size(), size()).prop_map(|(user, sys)| Usage { user, sys });
    (maybe(generator), maybe(number()), maybe(server))
        .prop_map(|(generator, busiest, server)| Cpu { generator, busiest, server })
        .boxed()
}

pub(crate) fn report() -> BoxedStrategy<Report> {
    let machine = (maybe(text()), maybe(text()), maybe(any::<u32>()))
        .prop_map(|(kernel, cpu, cores)| Machine { kernel, cpu, cores });
    let messages = (maybe(size()), size(), size()).prop_map(|(due, sent, replies)| Messages {
        due,
        sent,
        replies,
    });
    let connections =
        (size(), size(), size(), size()).prop_map(|(asked, opened, open_at_end, peak)| {
            Connections {
                asked,
                opened,
                open_at_end,
                peak,
                unheard: asked,
                cut: opened,
                first_cut: Some(peak),
            }
        });
    let verdict = (maybe(any::<bool>()), size(), vec(text(), 0..3))
        .prop_map(|(saturated, missing, lines)| Verdict { saturated, missing, lines });
    let throughput =
        (maybe(number()), maybe(number())).prop_map(|(out, back)| Throughput { out, back });
    let who = (maybe(text()), told(), machine, maybe(size()), size());
    let much = (messages, bytes(), maybe(number()), throughput, connections, cpu());
    let long = (latency(), maybe(latency()), maybe(latency()), vec(second(), 0..12));
    (who, much, long, vec(error(), 0..4), verdict)
        .prop_map(|(who, much, long, errors, verdict)| {
            let (label, told, machine, began_unix_ns, measured) = who;
            let (messages, bytes, rate, throughput, connections, cpu) = much;
            let (latency, connect, lateness, timeline) = long;
            Report {
                schema: Schema,
                label,
                told,
                machine,
                began_unix_ns,
                measured,
                messages,
                bytes,
                rate,
                throughput,
                latency,
                connect,
                lateness,
                timeline,
                errors,
                connections,
                cpu,
                verdict,
            }
        })
        .boxed()
}
