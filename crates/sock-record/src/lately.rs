//! Bytes that came lately: what one call sent another received, and both hold the same memory.

use crate::bytes::Bytes;

/// The latest bytes of each slot.
#[derive(Debug)]
pub(crate) struct Lately([Option<Bytes>; SLOTS]);

/// What is in flight at one time: an answer is received soon, and what was forgotten is only held twice.
const SLOTS: usize = 64;

impl Lately {
    pub(crate) fn new() -> Self {
        Self([const { None }; SLOTS])
    }

    /// Has `bytes` hold the memory of equal ones that came lately.
    pub(crate) fn share(&mut self, bytes: &mut Bytes) {
        if !bytes.is_many() {
            return;
        }
        match &mut self.0[slot(bytes)] {
            Some(known) if known == bytes => *bytes = known.clone(),
            known => *known = Some(bytes.clone()),
        }
    }
}

/// A slot that equal bytes have in common, by a sum of words that tells most others apart (FNV-1a, eight bytes at a time).
fn slot(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks();
    let words = words.iter().map(|word| u64::from_ne_bytes(*word));
    let all = words.chain(rest.iter().map(|byte| u64::from(*byte)));
    let sum = all.fold(0xcbf2_9ce4_8422_2325, |sum: u64, word| {
        (sum ^ word).wrapping_mul(0x0000_0100_0000_01b3)
    });
    // The upper half depends on every word.
    (sum >> 32) as usize % SLOTS
}
