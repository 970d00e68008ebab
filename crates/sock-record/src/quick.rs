//! The short way to read a `call`, as [`Writer`](crate::Writer) writes it: its fields in their order, and no escapes.
//!
//! A record has millions of calls, and nearly all are such. Whatever looks different in any way (fields in another order,
//! one that is missing or new, an escape, a number that is too large) is left to serde, which knows all of JSON: the short
//! way says either what serde would say, or nothing.

use crate::bytes::{Bytes, Interval};
use crate::call::{Args, Call, CallKind, Dir, Ev};
use crate::short::Name;
use crate::who::{ProcId, SockId};

/// The call in a line that begins with [`BEGIN`]; nothing where serde has to look.
pub(crate) fn call(line: &[u8]) -> Option<Call> {
    let mut rest = Rest(line.strip_prefix(BEGIN)?);
    let ev = rest.number()?;
    let proc = rest.field(r#","proc":"#, Rest::short)?;
    let tid = rest.maybe(r#","tid":"#, Rest::short)?;
    let call = rest.field(r#","call":"#, |rest| rest.text().map(CallKind::from))?;
    let sys = rest.maybe(r#","sys":"#, Rest::name)?;
    let fd = rest.maybe(r#","fd":"#, |rest| i32::try_from(rest.signed()?).ok())?;
    let sock = rest.maybe(r#","sock":"#, Rest::short)?;
    let args = rest.field(r#","args":{"#, Rest::args)?;
    let enter = rest.field(r#","enter":"#, Rest::number)?;
    let call = Call {
        tid,
        sys,
        fd,
        sock: sock.map(SockId),
        args,
        exit: rest.maybe(r#","exit":"#, Rest::number)?,
        ret: rest.maybe(r#","ret":"#, Rest::signed)?,
        err: rest.maybe(r#","err":"#, Rest::name)?,
        dir: rest.maybe(r#","dir":"#, Rest::dir)?,
        off: rest.maybe(r#","off":["#, Rest::interval)?,
        data: rest.maybe(r#","data":"#, Rest::bytes)?,
        cut: rest.field(r#","cut":"#, Rest::truth)?,
        state: rest.maybe(r#","state":"#, Rest::name)?,
        inq: rest.maybe(r#","inq":"#, Rest::number)?,
        outq: rest.maybe(r#","outq":"#, Rest::number)?,
        ..Call::new(Ev(ev), ProcId(proc), call, enter)
    };
    rest.skip("}")?;
    rest.0.iter().all(|byte| b" \t\r\n".contains(byte)).then_some(call)
}

/// How such a line begins.
pub(crate) const BEGIN: &[u8] = br#"{"type":"call","ev":"#;

/// What of a line is still to be read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    #[inline]
    fn skip(&mut self, word: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(word.as_bytes())?;
        Some(())
    }

    #[inline]
    fn field<T>(&mut self, name: &str, value: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.skip(name)?;
        value(self)
    }

    /// A value that may be null: none where it is.
    #[expect(clippy::option_option, reason = "not understood, null, or a value")]
    #[inline]
    fn maybe<T>(
        &mut self,
        name: &str,
        value: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<Option<T>> {
        // What opens a value is part of the name, where it always opens that one.
        let bare = name.trim_end_matches('[');
        let after = self.0.strip_prefix(bare.as_bytes())?;
        if let Some(after) = after.strip_prefix(b"null") {
            self.0 = after;
            return Some(None);
        }
        self.field(name, value).map(Some)
    }

    #[inline]
    fn number(&mut self) -> Option<u64> {
        let (mut n, mut len) = (0_u64, 0);
        while let Some(digit) = self.0.get(len).map(|byte| byte.wrapping_sub(b'0'))
            && digit < 10
        {
            n = n.checked_mul(10)?.checked_add(digit.into())?;
            len += 1;
        }
        // JSON has no numbers that begin with zeros.
        let is_number = len > 0 && (self.0[0] != b'0' || len == 1);
        self.0 = &self.0[len..];
        is_number.then_some(n)
    }

    fn signed(&mut self) -> Option<i64> {
        if self.skip("-").is_none() {
            return i64::try_from(self.number()?).ok();
        }
        // To serde, -0 is no whole number.
        let n = self.number().filter(|n| *n != 0)?;
        0_i64.checked_sub_unsigned(n)
    }

    #[inline]
    fn short(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    fn truth(&mut self) -> Option<bool> {
        self.skip("false").map(|()| false).or_else(|| self.skip("true").map(|()| true))
    }

    /// A text without escapes.
    #[inline]
    fn text(&mut self) -> Option<&'a str> {
        self.skip("\"")?;
        let (text, rest) = self.0.split_at_checked(memchr::memchr(b'"', self.0)?)?;
        self.0 = &rest[1..];
        let is_plain = text.iter().all(|byte| *byte >= b' ' && *byte != b'\\');
        std::str::from_utf8(text).ok().filter(|_| is_plain)
    }

    /// Text in base64, which is nothing with an escape in it.
    fn bytes(&mut self) -> Option<Bytes> {
        self.skip("\"")?;
        let (text, rest) = self.0.split_at_checked(memchr::memchr(b'"', self.0)?)?;
        self.0 = &rest[1..];
        Bytes::from_base64(text).ok()
    }

    fn name(&mut self) -> Option<Name> {
        self.text().map(Name::from)
    }

    fn dir(&mut self) -> Option<Dir> {
        match self.text()? {
            "in" => Some(Dir::In),
            "out" => Some(Dir::Out),
            _ => None,
        }
    }

    fn interval(&mut self) -> Option<Interval> {
        let start = self.number()?;
        let end = self.field(",", Self::number)?;
        self.skip("]")?;
        Interval::new(start, end)
    }

    /// Behind the brace that opens them, only those arguments that have a field of their own.
    fn args(&mut self) -> Option<Args> {
        let mut args = Args::default();
        if self.skip("}").is_some() {
            return Some(args);
        }
        loop {
            let name = self.text()?;
            self.skip(":")?;
            match name {
                "len" => args.len = Some(self.number()?),
                "flags" => args.flags = self.flags()?.into(),
                "addr" => args.addr = Some(self.text()?.into()),
                "how" => args.how = Some(self.name()?),
                _ => return None,
            }
            if self.skip("}").is_some() {
                return Some(args);
            }
            self.skip(",")?;
        }
    }

    fn flags(&mut self) -> Option<Vec<Name>> {
        let mut flags = Vec::new();
        self.skip("[")?;
        if self.skip("]").is_some() {
            return Some(flags);
        }
        loop {
            flags.push(self.name()?);
            if self.skip("]").is_some() {
                return Some(flags);
            }
            self.skip(",")?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Line, Writer};

    #[test]
    fn the_calls_that_there_are_millions_of_go_the_short_way() {
        let mut line = Call::new(Ev(1), ProcId(2), CallKind::Recv, 3);
        let short = |line: &Call| {
            let mut file = Writer::new(Vec::new());
            file.write(&Line::from(line.clone())).unwrap();
            call(&file.into_inner())
        };
        assert_eq!(short(&line), Some(line.clone()));
        line.args = Args { len: Some(4), addr: Some("[::1]:7".into()), ..Args::default() };
        line.args.flags = vec!["MSG_PEEK".into(), "MSG_DONTWAIT".into()].into();
        (line.tid, line.fd, line.sock, line.exit) = (Some(9), Some(-1), Some(SockId(1)), Some(8));
        (line.ret, line.err, line.sys) = (Some(-1), Some("EAGAIN".into()), Some("read".into()));
        (line.dir, line.off, line.cut) = (Some(Dir::In), Interval::new(5, 6), true);
        (line.data, line.state) = (Some(b"Hi".into()), Some("ESTABLISHED".into()));
        (line.inq, line.outq) = (Some(0), Some(u64::MAX));
        assert_eq!(short(&line), Some(line.clone()));
        line.args.more.insert("listener".to_owned(), 1.into());
        assert_eq!(short(&line), None);
    }
}
