//! Buffers: memory that the kernel picks from when bytes come, and not before.
//!
//! A group is a stretch of address space cut into buffers of one size, and a ring in which those that
//! are free wait their turn. The kernel takes them off one end; each comes back at the other as soon as
//! its bytes were heard or copied, so that nobody who is slow holds one.
//!
//! ```text
//! ring:   [7][2][0][5] ----> kernel: bytes came, buffer 7 ----> session ----> give(7)
//!          ^ takes        ^ published with the next wait
//! ```
//!
//! A group begins small, doubles when it runs dry, is halved after many turns in which it did not, and
//! goes back to its first size after quiet: pages are the system's again as their buffers come round.

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::Submitter;
use io_uring::types::BufRingEntry;

/// So many turns without running dry, some milliseconds of a busy server, say that it is too large.
const CALM: u16 = 1000;

/// What a group is like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// The number by which operations name it.
    pub(super) id: u16,
    /// Bytes of a buffer, a multiple of a page.
    pub(super) size: usize,
    /// How many there are at first, and at most: powers of two.
    pub(super) first: u16,
    pub(super) most: u16,
}

/// One group of buffers.
#[derive(Debug)]
pub(super) struct Buffers {
    shape: Shape,
    arena: Memory,
    entries: Memory,
    /// Behind the last entry that was written; the kernel sees it when it is published.
    tail: u16,
    /// Buffers below this number are in use; others come round once more and are out.
    count: u16,
    /// How many were given a first buffer in this turn, and whether somebody found none.
    fed: u16,
    is_dry: bool,
    /// Turns since it ran dry, or was last cut back.
    calm: u16,
    /// Which buffers are in the ring, or with us for a moment.
    is_out: Vec<bool>,
}

impl Buffers {
    /// Makes a group and registers it with a ring, which must be dropped before it.
    pub(super) fn new(submitter: &Submitter<'_>, shape: Shape) -> io::Result<Self> {
        let most = usize::from(shape.most);
        let arena = Memory::new(shape.size * most)?;
        let entries = Memory::new(size_of::<BufRingEntry>() * most)?;
        let at = entries.start.as_ptr() as u64;
        // SAFETY: `entries` is page-aligned, zeroed and as long as it is said to be, and lives until
        // after the ring is dropped, as whoever holds both of them sees to (`Uring`).
        unsafe { submitter.register_buf_ring_with_flags(at, shape.most, shape.id, 0)? };
        let is_out = vec![true; most];
        let mut buffers = Self {
            shape,
            arena,
            entries,
            tail: 0,
            count: 0,
            fed: 0,
            is_dry: false,
            calm: 0,
            is_out,
        };
        buffers.grow_to(shape.first);
        buffers.publish();
        Ok(buffers)
    }

    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// The bytes that the kernel has put into a buffer.
    pub(super) fn bytes(&self, id: u16, n: usize) -> &[u8] {
        let n = n.min(self.shape.size);
        let at = usize::from(id.min(self.shape.most - 1)) * self.shape.size;
        // SAFETY: both bounds lie within the arena, whose pages are zero where the kernel has not
        // written. It writes only while this thread is within `io_uring_enter` (its receives are run by
        // the thread that submitted them, `DEFER_TASKRUN`), which takes the group mutably, and only
        // into buffers that are in the ring.
        unsafe { std::slice::from_raw_parts(self.arena.start.as_ptr().add(at), n) }
    }

    /// Gives a buffer back whose bytes are no longer needed when the kernel runs next.
    pub(super) fn give(&mut self, id: u16) {
        if id < self.count {
            self.put(id);
        } else if let Some(is_out) = self.is_out.get_mut(usize::from(id)) {
            *is_out = true;
            self.arena.give_back(usize::from(id) * self.shape.size, self.shape.size);
        }
    }

    fn put(&mut self, id: u16) {
        let place = usize::from(self.tail & (self.shape.most - 1));
        let at = self.arena.start.as_ptr() as u64 + u64::from(id) * self.shape.size as u64;
        // SAFETY: `place` is below the number of entries for which there is room; the kernel reads an
        // entry only once it is published, and this one was consumed, as there are no more entries than
        // buffers and each buffer is in the ring once. The first entry's last field, which is the tail,
        // is not touched by these.
        let entry = unsafe { &mut *self.entries.start.cast::<BufRingEntry>().as_ptr().add(place) };
        entry.set_addr(at);
        entry.set_len(u32::try_from(self.shape.size).unwrap_or(u32::MAX));
        entry.set_bid(id);
        self.tail = self.tail.wrapping_add(1);
    }

    /// Lets the kernel see what was given back.
    pub(super) fn publish(&self) {
        let entries = self.entries.start.cast::<BufRingEntry>().as_ptr();
        // SAFETY: `entries` is the address of the first entry; the tail is a `u16` within it, aligned as
        // one, and the kernel and we read and write it as a whole.
        let tail = unsafe { AtomicU16::from_ptr(BufRingEntry::tail(entries).cast_mut()) };
        tail.store(self.tail, Ordering::Release);
    }

    /// Somebody was given a first buffer in this turn.
    pub(super) fn feeds(&mut self) {
        self.fed = self.fed.saturating_add(1);
    }

    /// Somebody found none in this turn.
    pub(super) fn runs_dry(&mut self) {
        self.is_dry = true;
    }

    /// The turn is over. Where many had one and somebody none, there are twice as many from now on, up
    /// to the bound; where a few had them all they wait for the next turn, and need larger ones. After
    /// many turns in which there were enough, half of them are.
    pub(super) fn turn(&mut self) {
        let (fed, is_dry) = (std::mem::take(&mut self.fed), std::mem::take(&mut self.is_dry));
        self.calm = if is_dry { 0 } else { self.calm.saturating_add(1) };
        if is_dry && fed >= self.count / 2 {
            self.grow_to(self.count.saturating_mul(2).min(self.shape.most));
        } else if self.calm > CALM && self.is_grown() {
            self.calm = 0;
            self.count = (self.count / 2).max(self.shape.first);
        }
    }

    fn grow_to(&mut self, count: u16) {
        let old = std::mem::replace(&mut self.count, count);
        for id in old..count {
            // One that was to go may not have come round yet: it stays.
            if std::mem::take(&mut self.is_out[usize::from(id)]) {
                self.put(id);
            }
        }
    }

    pub(super) fn is_grown(&self) -> bool {
        self.count > self.shape.first
    }

    /// Nothing has come for a while: back to the first size.
    pub(super) fn trim(&mut self) {
        self.count = self.shape.first;
        let kept = usize::from(self.count) * self.shape.size;
        self.arena.give_back(kept, self.arena.len - kept);
    }
}

/// Zeroed pages of our own.
#[derive(Debug)]
struct Memory {
    start: NonNull<u8>,
    len: usize,
}

impl Memory {
    fn new(len: usize) -> io::Result<Self> {
        let (access, kind) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping at a place of the kernel's choice touches nothing that is there.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), len, access, kind, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, len })
    }

    /// Gives pages back to the system; they are zero when they are touched again.
    fn give_back(&mut self, at: usize, len: usize) {
        let (at, len) = (at.min(self.len), len.min(self.len - at.min(self.len)));
        // SAFETY: the range lies within this mapping, and nobody has a reference into it, as `bytes`
        // borrows the group. That the kernel might still be given one of these buffers does no harm.
        // What it answers is of no use: memory that is kept is a loss, and no more.
        let _ =
            unsafe { libc::madvise(self.start.as_ptr().add(at).cast(), len, libc::MADV_DONTNEED) };
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and whoever holds it drops it after the ring that used it.
        // It fails only for a range that is none.
        let _ = unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}
