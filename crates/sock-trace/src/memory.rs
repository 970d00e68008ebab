//! What lies in the memory of a traced task: buffers, vectors of buffers, messages.
//!
//! Every size here comes from the traced program and may be anything; so everything is bounded.

use crate::sys::{Tid, read_memory};

/// So many buffers of a vector are looked at (`IOV_MAX`).
const VECTORS: u64 = 1024;
/// So many messages of one call.
const MESSAGES: u64 = 1024;
/// `struct msghdr` and `struct mmsghdr` of a 64-bit machine.
const MESSAGE: usize = 56;
const MANY: usize = 64;
/// No socket address is longer (`sockaddr_storage`).
const ADDRESS: u64 = 128;
/// So much control data of a message is looked at: more than 253 descriptors, which is all that may travel at once.
const CONTROL: u64 = 4096;

/// A buffer of the traced task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) at: u64,
    pub(crate) len: u64,
}

/// A message of sendmsg(2) or recvmsg(2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Message {
    pub(crate) name: u64,
    pub(crate) name_len: u64,
    pub(crate) pieces: Vec<Piece>,
    control: u64,
    control_len: u64,
    pub(crate) flags: u64,
    /// What recvmmsg(2) and sendmmsg(2) tell of each: how much of it moved.
    pub(crate) moved: u64,
}

/// As many bytes from `at` as there are, at most `len`.
pub(crate) fn bytes(tid: Tid, at: u64, len: u64) -> Vec<u8> {
    let mut buf = vec![0; usize::try_from(len).unwrap_or_default()];
    let n = read_memory(tid, at, &mut buf);
    buf.truncate(n);
    buf
}

/// The first `len` bytes that lie in these buffers, one behind the other.
pub(crate) fn gather(tid: Tid, pieces: &[Piece], len: u64) -> Vec<u8> {
    let mut all = Vec::new();
    for piece in pieces {
        let left = len - all.len() as u64;
        if left == 0 {
            break;
        }
        let want = piece.len.min(left);
        let part = bytes(tid, piece.at, want);
        let is_whole = part.len() as u64 == want;
        all.extend(part);
        if !is_whole {
            break;
        }
    }
    all
}

/// How much room, or how many bytes, these buffers are together.
pub(crate) fn total(pieces: &[Piece]) -> u64 {
    pieces.iter().fold(0, |sum, piece| sum.saturating_add(piece.len))
}

/// The vector of buffers of readv(2).
pub(crate) fn vector(tid: Tid, at: u64, count: u64) -> Vec<Piece> {
    let raw = bytes(tid, at, count.min(VECTORS) * 16);
    raw.chunks_exact(16).map(|raw| Piece { at: word(raw, 0), len: word(raw, 8) }).collect()
}

/// The message of sendmsg(2).
pub(crate) fn message(tid: Tid, at: u64) -> Message {
    parse(tid, &bytes(tid, at, MESSAGE as u64))
}

/// The messages of sendmmsg(2).
pub(crate) fn messages(tid: Tid, at: u64, count: u64) -> Vec<Message> {
    let raw = bytes(tid, at, count.min(MESSAGES) * MANY as u64);
    raw.chunks_exact(MANY)
        .map(|raw| Message { moved: half(raw, MESSAGE), ..parse(tid, raw) })
        .collect()
}

fn parse(tid: Tid, raw: &[u8]) -> Message {
    if raw.len() < MESSAGE {
        return Message::default();
    }
    Message {
        name: word(raw, 0),
        name_len: half(raw, 8),
        pieces: vector(tid, word(raw, 16), word(raw, 24)),
        control: word(raw, 32),
        control_len: word(raw, 40),
        flags: half(raw, 48),
        moved: 0,
    }
}

/// A socket address.
pub(crate) fn address(tid: Tid, at: u64, len: u64) -> Option<String> {
    if at == 0 { None } else { crate::words::address(&bytes(tid, at, len.min(ADDRESS))) }
}

/// A number of four bytes.
pub(crate) fn int(tid: Tid, at: u64) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes(tid, at, 4).try_into().ok()?))
}

impl Message {
    /// Whom it goes to, or came from.
    pub(crate) fn address(&self, tid: Tid) -> Option<String> {
        address(tid, self.name, self.name_len)
    }

    /// The descriptors that travel with it (`SCM_RIGHTS` of unix(7)).
    pub(crate) fn descriptors(&self, tid: Tid) -> Vec<i32> {
        if self.control == 0 || self.control_len == 0 {
            return Vec::new();
        }
        rights(&bytes(tid, self.control, self.control_len.min(CONTROL)))
    }
}

/// The descriptors in control data: `struct cmsghdr`, each begun at a multiple of eight.
fn rights(mut control: &[u8]) -> Vec<i32> {
    const HEAD: usize = 16;
    let mut found = Vec::new();
    while control.len() >= HEAD {
        let len = usize::try_from(word(control, 0)).unwrap_or(usize::MAX);
        if len < HEAD || len > control.len() {
            break;
        }
        if half(control, 8) == 1 && half(control, 12) == 1 {
            let each = control[HEAD..len].chunks_exact(4);
            found.extend(each.map(|raw| i32::from_ne_bytes(raw.try_into().unwrap_or_default())));
        }
        control = &control[len.next_multiple_of(8).min(control.len())..];
    }
    found
}

/// Eight bytes of the machine at `at`; 0 behind the end.
pub(crate) fn word(raw: &[u8], at: usize) -> u64 {
    let part = raw.get(at..at + 8).and_then(|part| part.try_into().ok());
    u64::from_ne_bytes(part.unwrap_or_default())
}

/// Four bytes of the machine at `at`; 0 behind the end.
pub(crate) fn half(raw: &[u8], at: usize) -> u64 {
    let part = raw.get(at..at + 4).and_then(|part| part.try_into().ok());
    u32::from_ne_bytes(part.unwrap_or_default()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_memory_is_read_like_that_of_another_task() {
        let me = i32::try_from(std::process::id()).unwrap();
        let text = b"hello, big world";
        let at = text.as_ptr().addr() as u64;
        assert_eq!(bytes(me, at, 5), b"hello");
        let pieces = [Piece { at, len: 5 }, Piece { at: at + 6, len: 1000 }];
        assert_eq!(gather(me, &pieces[..1], 100), b"hello");
        assert_eq!(gather(me, &pieces, 9), b"hello big");
        assert_eq!(total(&pieces), 1005);
        assert_eq!(bytes(me, 8, 16), b"", "no memory is there");
        assert_eq!(bytes(me, 0, 16), b"");
    }

    #[test]
    fn descriptors_are_found_among_other_control_data() {
        let head = |len: u64, level: u32, kind: u32| {
            [&len.to_ne_bytes()[..], &level.to_ne_bytes(), &kind.to_ne_bytes()].concat()
        };
        let other = [head(20, 1, 29), vec![9; 4], vec![0; 4]].concat();
        let pair = [head(24, 1, 1), 5_i32.to_ne_bytes().to_vec(), 7_i32.to_ne_bytes().to_vec()];
        assert_eq!(rights(&[other, pair.concat()].concat()), [5, 7]);
        assert_eq!(rights(&head(4, 1, 1)), [0; 0], "shorter than its own head");
        assert_eq!(rights(&head(400, 1, 1)), [0; 0], "longer than the data");
    }
}
