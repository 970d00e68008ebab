//! A call's arguments by name, and the bytes that it moved: read when it begins and when it returns.

use serde_json::{Value, json};
use sock_record::{Args, CallKind, Dir};

use crate::calls::Sys;
use crate::memory::{self, Message, Piece, half};
use crate::sys::Tid;
use crate::words;

/// What a call says it will do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wish {
    pub(crate) args: Args,
    /// Where its bytes lie.
    pub(crate) pieces: Vec<Piece>,
    /// Descriptors that travel with it.
    pub(crate) passed: Vec<i32>,
    /// It asked to return at once, whatever the socket's own manner.
    pub(crate) is_impatient: bool,
}

/// What people call it, whatever the kernel does.
pub(crate) fn kind(sys: Sys) -> CallKind {
    match sys {
        Sys::Socket => CallKind::Socket,
        Sys::Socketpair => CallKind::Socketpair,
        Sys::Bind => CallKind::Bind,
        Sys::Listen => CallKind::Listen,
        Sys::Accept | Sys::Accept4 => CallKind::Accept,
        Sys::Connect => CallKind::Connect,
        Sys::Shutdown => CallKind::Shutdown,
        Sys::Close | Sys::CloseRange | Sys::Dup2 | Sys::Dup3 => CallKind::Close,
        Sys::Sendto
        | Sys::Sendmsg
        | Sys::Sendmmsg
        | Sys::Write
        | Sys::Writev
        | Sys::Pwritev2
        | Sys::Sendfile
        | Sys::Splice => CallKind::Send,
        Sys::Recvfrom | Sys::Recvmsg | Sys::Recvmmsg | Sys::Read | Sys::Readv | Sys::Preadv2 => {
            CallKind::Recv
        }
        Sys::Setsockopt => CallKind::Setsockopt,
        Sys::Getsockopt => CallKind::Getsockopt,
        Sys::Fcntl => "fcntl".into(),
        Sys::Ioctl => "ioctl".into(),
        Sys::Poll
        | Sys::Ppoll
        | Sys::Select
        | Sys::Pselect6
        | Sys::EpollWait
        | Sys::EpollPwait
        | Sys::EpollPwait2
        | Sys::IoUringSetup
        | Sys::Dup
        | Sys::Getaffinity
        | Sys::Restart => CallKind::Wait,
    }
}

/// Which way its bytes go.
pub(crate) fn dir(sys: Sys) -> Option<Dir> {
    match kind(sys) {
        CallKind::Send => Some(Dir::Out),
        CallKind::Recv => Some(Dir::In),
        _ => None,
    }
}

/// What a call says when it begins.
pub(crate) fn wish(tid: Tid, sys: Sys, args: &[u64; 6]) -> Wish {
    let mut wish = Wish::default();
    let [_, one, two, three, four, five] = *args;
    match sys {
        Sys::Bind | Sys::Connect => wish.addr(memory::address(tid, one, two & 0xffff_ffff)),
        Sys::Listen => wish.more("backlog", json!(fd(one))),
        Sys::Shutdown => wish.args.how = Some(words::shutdown_how(one & 0xffff_ffff).into()),
        Sys::Sendto | Sys::Recvfrom => {
            wish.buffer(one, two);
            wish.flags(three);
            if sys == Sys::Sendto {
                wish.addr(memory::address(tid, four, five & 0xffff_ffff));
            }
        }
        Sys::Read | Sys::Write => wish.buffer(one, two),
        Sys::Readv | Sys::Writev | Sys::Preadv2 | Sys::Pwritev2 => {
            wish.vector(memory::vector(tid, one, two));
        }
        Sys::Sendmsg | Sys::Recvmsg => {
            let message = memory::message(tid, one);
            wish.flags(two);
            if sys == Sys::Sendmsg {
                wish.addr(message.address(tid));
                wish.passed = message.descriptors(tid);
            }
            wish.vector(message.pieces);
        }
        Sys::Sendmmsg | Sys::Recvmmsg => {
            wish.flags(three);
            wish.more("messages", json!(two & 0xffff_ffff));
        }
        Sys::Sendfile => {
            wish.args.len = Some(three);
            wish.more("from_fd", json!(fd(one)));
        }
        Sys::Splice => {
            wish.args.len = Some(four);
            wish.is_impatient = five & 2 != 0;
        }
        Sys::Setsockopt => {
            let (level, name) = words::option(one, two);
            let value = memory::bytes(tid, three, four.min(64));
            wish.more("value", option_value(&name, &value));
            wish.more("level", json!(level));
            wish.more("name", json!(name));
        }
        Sys::Getsockopt => {
            let (level, name) = words::option(one, two);
            wish.more("level", json!(level));
            wish.more("name", json!(name));
        }
        Sys::Fcntl => {
            wish.more("cmd", json!("F_SETFL"));
            wish.more("nonblock", json!(two & 0o4000 != 0));
        }
        Sys::Ioctl => {
            let asks = one & 0xffff_ffff == 0x541B;
            wish.more("request", json!(if asks { "FIONREAD" } else { "FIONBIO" }));
            if !asks {
                wish.more("nonblock", json!(memory::int(tid, two).is_some_and(|on| on != 0)));
            }
        }
        Sys::Accept4 => {
            // The kernel's numbers of SOCK_NONBLOCK and SOCK_CLOEXEC.
            let named = [(0o4000, "SOCK_NONBLOCK"), (0o200_0000, "SOCK_CLOEXEC")];
            let set = named.iter().filter(|(bit, _)| three & bit != 0);
            wish.args.flags = set.map(|(_, name)| (*name).into()).collect();
        }
        Sys::Socket
        | Sys::Socketpair
        | Sys::Accept
        | Sys::Close
        | Sys::CloseRange
        | Sys::Dup
        | Sys::Dup2
        | Sys::Dup3
        | Sys::Poll
        | Sys::Ppoll
        | Sys::Select
        | Sys::Pselect6
        | Sys::EpollWait
        | Sys::EpollPwait
        | Sys::EpollPwait2
        | Sys::IoUringSetup
        | Sys::Getaffinity
        | Sys::Restart => {}
    }
    wish
}

/// Adds what a call handed back when it returned `ret`.
pub(crate) fn answer(tid: Tid, sys: Sys, args: &[u64; 6], ret: i64, wish: &mut Wish) {
    if ret < 0 {
        return;
    }
    let [_, one, two, three, four, five] = *args;
    match sys {
        Sys::Recvfrom if four != 0 && five != 0 => {
            let len = memory::int(tid, five).unwrap_or_default();
            wish.addr(memory::address(tid, four, len.into()));
        }
        Sys::Recvmsg => {
            let message = memory::message(tid, one);
            wish.came(tid, &message);
        }
        Sys::Getsockopt => {
            let len = memory::int(tid, four).unwrap_or_default();
            let value = memory::bytes(tid, three, u64::from(len).min(64));
            let errno = fd(half(&value, 0));
            let named = if errno == 0 { json!(0) } else { json!(words::errno(errno)) };
            wish.more("value", named);
        }
        Sys::Ioctl if one & 0xffff_ffff == 0x541B => {
            wish.more("value", json!(memory::int(tid, two)));
        }
        _ => {}
    }
}

impl Wish {
    fn addr(&mut self, addr: Option<String>) {
        if let Some(addr) = addr {
            self.args.addr = Some(addr.into());
        }
    }

    fn buffer(&mut self, at: u64, len: u64) {
        self.vector(vec![Piece { at, len }]);
    }

    fn vector(&mut self, pieces: Vec<Piece>) {
        self.args.len = Some(memory::total(&pieces));
        self.pieces = pieces;
    }

    fn flags(&mut self, flags: u64) {
        self.args.flags = words::message_flags(flags).into_iter().map(Into::into).collect();
        self.is_impatient = self.args.has_flag("MSG_DONTWAIT");
    }

    pub(crate) fn more(&mut self, name: &str, value: Value) {
        self.args.more.insert(name.to_owned(), value);
    }

    /// What came with a message beside its bytes.
    pub(crate) fn came(&mut self, tid: Tid, message: &Message) {
        self.addr(message.address(tid));
        self.passed = message.descriptors(tid);
        // Whether something was cut: MSG_TRUNC, MSG_CTRUNC.
        let told: Vec<&str> = [(0x20, "MSG_TRUNC"), (0x8, "MSG_CTRUNC")]
            .into_iter()
            .filter(|(bit, _)| message.flags & bit != 0)
            .map(|(_, name)| name)
            .collect();
        if !told.is_empty() {
            self.more("msg_flags", json!(told));
        }
    }
}

/// A descriptor out of an argument: the upper half means nothing.
pub(crate) fn fd(argument: u64) -> i32 {
    u32::try_from(argument & 0xffff_ffff).unwrap_or_default().cast_signed()
}

/// A number where it is one, else the bytes in hexadecimal.
fn option_value(name: &str, value: &[u8]) -> Value {
    match (name, value.len()) {
        ("SO_LINGER", 8) => json!({ "on": half(value, 0) != 0, "seconds": half(value, 4) }),
        ("SO_RCVTIMEO" | "SO_SNDTIMEO", 16) => {
            let (seconds, micros) = (memory::word(value, 0), memory::word(value, 8));
            json!({ "microseconds": seconds.saturating_mul(1_000_000).saturating_add(micros) })
        }
        (_, 4) => json!(fd(half(value, 0))),
        _ => json!(data_encoding::HEXLOWER.encode(value)),
    }
}
