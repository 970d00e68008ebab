//! Arbitrary lines: every field known or null, every word known or new.

use proptest::prelude::*;
use sock_record::{
    Args, Bytes, Call, CallKind, Dir, End, Ev, Family, Gap, Interval, Kind, Level, Line, Link,
    LinkHow, LinkKind, Meta, Name, Note, Origin, Proc, ProcHow, ProcId, Schema, Sock, SockId,
};

fn maybe<T: std::fmt::Debug + Clone>(
    of: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Option<T>> {
    proptest::option::of(of)
}

fn text() -> impl Strategy<Value = String> + 'static {
    prop_oneof![Just(String::new()), "[a-z0-9.:]{1,12}", "\\PC{0,6}", any::<String>()]
}

fn boxed() -> impl Strategy<Value = Box<str>> + 'static {
    text().prop_map(Into::into)
}

fn name() -> impl Strategy<Value = Name> + 'static {
    let common =
        proptest::sample::select(vec!["recvfrom", "ECONNRESET", "ESTABLISHED", "MSG_PEEK"]);
    prop_oneof![common.prop_map(str::to_owned), text()].prop_map(|name| Name::from(&*name))
}

fn word<W: for<'a> From<&'a str> + std::fmt::Debug + 'static>(
    known: &'static [&'static str],
) -> impl Strategy<Value = W> {
    prop_oneof![4 => proptest::sample::select(known).prop_map(str::to_owned), 1 => text()]
        .prop_map(|word| W::from(&word))
}

fn interval() -> impl Strategy<Value = Interval> + 'static {
    any::<(u64, u64)>().prop_map(|(start, len)| Interval::at(start, len))
}

fn args() -> impl Strategy<Value = Args> {
    let value = prop_oneof![any::<i64>().prop_map(Into::into), text().prop_map(Into::into)];
    let more = proptest::collection::btree_map("x[a-z]{1,8}", value, 0..3);
    let flags = proptest::collection::vec(name(), 0..3);
    (maybe(any::<u64>()), flags, maybe(boxed()), maybe(name()), more).prop_map(
        |(len, flags, addr, how, more)| {
            let (flags, more) = (flags.into(), more.into());
            Args { len, flags, addr, how, more }
        },
    )
}

/// A call.
pub(crate) fn call() -> impl Strategy<Value = Call> {
    let who = (
        any::<u64>().prop_map(Ev),
        any::<u32>().prop_map(ProcId),
        maybe(any::<u32>()),
        word::<CallKind>(CallKind::KNOWN),
        maybe(name()),
        maybe(any::<i32>()),
        maybe(any::<u32>().prop_map(SockId)),
        args(),
    );
    let when = (any::<u64>(), maybe(any::<u64>()), maybe(any::<i64>()), maybe(name()));
    let what = (
        maybe(prop_oneof![Just(Dir::In), Just(Dir::Out)]),
        maybe(interval()),
        maybe(any::<Vec<u8>>().prop_map(Bytes::from)),
        any::<bool>(),
    );
    let after = (maybe(name()), maybe(any::<u64>()), maybe(any::<u64>()));
    (who, when, what, after).prop_map(|(who, when, what, after)| {
        let (ev, proc, tid, call, sys, fd, sock, args) = who;
        let (enter, exit, ret, err) = when;
        let (dir, off, data, cut) = what;
        let (state, inq, outq) = after;
        Call {
            ev,
            proc,
            tid,
            call,
            sys,
            fd,
            sock,
            args,
            enter,
            exit,
            ret,
            err,
            dir,
            off,
            data,
            cut,
            state,
            inq,
            outq,
        }
    })
}

fn meta() -> impl Strategy<Value = Meta> {
    (text(), maybe(text()), maybe(text()), any::<[Option<u64>; 3]>()).prop_map(
        |(source, backend, kernel, [t0_unix_ns, hold_us, preview])| Meta {
            schema: Schema,
            source,
            backend,
            kernel,
            t0_unix_ns,
            hold_us,
            preview,
        },
    )
}

fn proc() -> impl Strategy<Value = Proc> {
    (
        any::<(u32, Option<u32>, Option<u32>, u64)>(),
        text(),
        maybe(proptest::collection::vec(text(), 0..3)),
        word::<ProcHow>(ProcHow::KNOWN),
    )
        .prop_map(|((proc, pid, ppid, t), name, argv, how)| Proc {
            proc: ProcId(proc),
            pid,
            ppid,
            name,
            argv,
            t,
            how,
        })
}

fn sock() -> impl Strategy<Value = Sock> {
    (
        any::<(u32, u64, Option<u32>, Option<u32>)>(),
        word::<Family>(Family::KNOWN),
        word::<Kind>(Kind::KNOWN),
        word::<Origin>(Origin::KNOWN),
        [maybe(text()), maybe(text()), maybe(text()), maybe(text())],
    )
        .prop_map(|((sock, t, listener, mate), family, kind, from, texts)| {
            let [cookie, proto, local, peer] = texts;
            Sock {
                sock: SockId(sock),
                cookie,
                family,
                kind,
                proto,
                t,
                from,
                listener: listener.map(SockId),
                local,
                peer,
                mate: mate.map(SockId),
            }
        })
}

fn link() -> impl Strategy<Value = Link> {
    let (kind, how) = (word::<LinkKind>(LinkKind::KNOWN), word::<LinkHow>(LinkHow::KNOWN));
    (kind, any::<u64>(), any::<u64>(), maybe(interval()), how)
        .prop_map(|(kind, from, to, off, how)| Link { kind, from: Ev(from), to: Ev(to), off, how })
}

fn note() -> impl Strategy<Value = Note> {
    (any::<Option<u64>>(), text(), word::<Level>(Level::KNOWN), text())
        .prop_map(|(ev, code, level, text)| Note { ev: ev.map(Ev), code, level, text })
}

fn gap() -> impl Strategy<Value = Gap> {
    (any::<u32>(), any::<[Option<u64>; 4]>(), maybe(text())).prop_map(|(sock, counts, why)| {
        let [kernel_out, seen_out, kernel_in, seen_in] = counts;
        Gap { sock: SockId(sock), kernel_out, seen_out, kernel_in, seen_in, why }
    })
}

fn end() -> impl Strategy<Value = End> {
    any::<(u64, Vec<Option<i32>>, u64)>().prop_map(|(t, exit, dropped)| End { t, exit, dropped })
}

/// Any line of a known type.
pub(crate) fn line() -> impl Strategy<Value = Line> {
    prop_oneof![
        1 => meta().prop_map(Line::from),
        1 => proc().prop_map(Line::from),
        1 => sock().prop_map(Line::from),
        4 => call().prop_map(Line::from),
        1 => link().prop_map(Line::from),
        1 => note().prop_map(Line::from),
        1 => gap().prop_map(Line::from),
        1 => end().prop_map(Line::from),
    ]
}
