//! `time`: the time as a number (RFC 868).

use super::once::once;
use crate::{Input, Out, Protocol};

/// From 1 January 1900, where RFC 868 counts from, to the Unix epoch.
const SECONDS_TO_1970: u64 = 2_208_988_800;

/// Sends the seconds since 1900 in 32 bits, the highest first.
#[derive(Debug, Clone, Copy, Default)]
pub struct MachineTime;

impl Protocol for MachineTime {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        once(input, out, |out| {
            let seconds = out.wall().as_secs().wrapping_add(SECONDS_TO_1970);
            // Of the number's eight bytes the lower four: it begins again at 0 on 7 February 2036.
            out.send(&seconds.to_be_bytes()[4..]);
        });
    }
}
