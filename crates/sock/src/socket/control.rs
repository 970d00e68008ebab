//! Control data beside a message: into the kernel's form and back (cmsg(3)).
//!
//! Each item is a header of a length, a level and a type, then its data, then up to the alignment
//! of a word nothing.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use crate::error::{Error, ErrorKind, Result};

const HEADER: usize = size_of::<libc::cmsghdr>();
const WORD: usize = size_of::<usize>();

/// The length of one item of control data with `length` bytes in it.
///
/// Python: `socket.CMSG_LEN`; C: `CMSG_LEN`.
///
/// # Errors
///
/// [`ErrorKind::InvalidArgument`] if it is more than a message can have (`INT_MAX`).
///
/// # Examples
///
/// ```
/// assert_eq!(sock::socket::control_len(4)?, 20);
/// assert!(sock::socket::control_len(usize::MAX).is_err());
/// # Ok::<(), sock::Error>(())
/// ```
pub fn control_len(length: usize) -> Result<usize> {
    bounded(length.checked_add(HEADER), length)
}

/// The room that one item of control data with `length` bytes takes.
///
/// Python: `socket.CMSG_SPACE`; C: `CMSG_SPACE`.
///
/// # Errors
///
/// As [`control_len`].
///
/// # Examples
///
/// ```
/// assert_eq!(sock::socket::control_space(4)?, 24);
/// # Ok::<(), sock::Error>(())
/// ```
pub fn control_space(length: usize) -> Result<usize> {
    bounded(length.checked_next_multiple_of(WORD).and_then(|room| room.checked_add(HEADER)), length)
}

fn bounded(total: Option<usize>, length: usize) -> Result<usize> {
    total.filter(|total| i32::try_from(*total).is_ok()).ok_or_else(|| {
        let text = format!("{length} bytes of control data are more than a message can have");
        Error::new(ErrorKind::InvalidArgument, text)
    })
}

/// Control data to send with a message.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Control<'a> {
    /// Descriptors that the receiver gets duplicates of (`SCM_RIGHTS`), over unix sockets.
    Descriptors(&'a [BorrowedFd<'a>]),
    /// Any other item.
    Other {
        /// The level, as of a socket option.
        level: i32,
        /// The type within that level.
        kind: i32,
        /// The data.
        data: &'a [u8],
    },
}

/// Control data that came with a message.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReceivedControl {
    /// Descriptors that somebody passed on (`SCM_RIGHTS`): ours now, closed when dropped.
    Descriptors(Vec<OwnedFd>),
    /// Any other item; the last may be cut, and then the message has the flag `CTRUNC`.
    Other {
        /// The level, as of a socket option.
        level: i32,
        /// The type within that level.
        kind: i32,
        /// The data.
        data: Vec<u8>,
    },
}

/// The items in the kernel's form.
pub(crate) fn encode(items: &[Control<'_>]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for item in items {
        match *item {
            Control::Descriptors(fds) => {
                let numbers: Vec<u8> =
                    fds.iter().flat_map(|fd| fd.as_raw_fd().to_ne_bytes()).collect();
                push(&mut out, libc::SOL_SOCKET, libc::SCM_RIGHTS, &numbers)?;
            }
            Control::Other { level: libc::SOL_SOCKET, kind: libc::SCM_RIGHTS, .. } => {
                let text = "numbers say nothing about who owns the descriptors; pass them borrowed";
                return Err(Error::new(ErrorKind::InvalidArgument, text));
            }
            Control::Other { level, kind, data } => push(&mut out, level, kind, data)?,
        }
    }
    Ok(out)
}

pub(crate) fn push(out: &mut Vec<u8>, level: i32, kind: i32, data: &[u8]) -> Result<()> {
    let end = out.len() + control_space(data.len())?;
    out.extend_from_slice(&control_len(data.len())?.to_ne_bytes());
    out.extend_from_slice(&level.to_ne_bytes());
    out.extend_from_slice(&kind.to_ne_bytes());
    out.extend_from_slice(data);
    out.resize(end, 0);
    Ok(())
}

/// One item as it lies in the kernel's form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Item<'a> {
    pub(crate) level: i32,
    pub(crate) kind: i32,
    pub(crate) data: &'a [u8],
}

/// Cuts the kernel's form into items; a cut last one is kept as far as it goes.
pub(crate) fn items(mut bytes: &[u8]) -> impl Iterator<Item = Item<'_>> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk()?;
        let (level, rest) = rest.split_first_chunk()?;
        let (kind, rest) = rest.split_first_chunk()?;
        let length = usize::from_ne_bytes(*length).checked_sub(HEADER)?;
        let data = rest.get(..length).unwrap_or(rest);
        let (level, kind) = (i32::from_ne_bytes(*level), i32::from_ne_bytes(*kind));
        let next = length.checked_next_multiple_of(WORD).unwrap_or(usize::MAX);
        bytes = rest.get(next..).unwrap_or_default();
        Some(Item { level, kind, data })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_back_as_they_went_in() {
        let fields = [(1, 2, &b"four"[..]), (3, 4, b""), (5, 6, b"123456789")];
        let sent: Vec<_> = fields
            .iter()
            .map(|&(level, kind, data)| Control::Other { level, kind, data })
            .collect();
        let bytes = encode(&sent).unwrap();
        assert_eq!(bytes.len(), 24 + 16 + 32);
        let back: Vec<_> = items(&bytes).map(|i| (i.level, i.kind, i.data)).collect();
        assert_eq!(back, fields);
    }

    #[test]
    fn every_cut_gives_whole_items_and_a_part_of_the_last() {
        let sent = [
            Control::Other { level: 1, kind: 2, data: b"12345678" },
            Control::Other { level: 3, kind: 4, data: b"abcdefgh" },
        ];
        let bytes = encode(&sent).unwrap();
        for cut in 0..bytes.len() {
            let kept: usize = items(&bytes[..cut]).map(|item| item.data.len()).sum();
            let first = cut.saturating_sub(16).min(8);
            let second = cut.saturating_sub(24 + 16).min(8);
            assert_eq!(kept, first + second, "cut at {cut}");
        }
    }

    #[test]
    fn rubbish_is_cut_and_nothing_panics() {
        for length in [0usize, 1, 15, 17, usize::MAX, usize::MAX - 7] {
            let mut bytes = length.to_ne_bytes().to_vec();
            bytes.extend_from_slice(&[0xff; 20]);
            assert!(items(&bytes).count() <= 2, "{length}");
        }
    }
}
