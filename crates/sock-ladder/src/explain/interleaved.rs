//! Threads that send on one stream at the same time, where the kernel may have put the bytes of one among those of another.

use std::collections::HashSet;

use sock_record::{Interval, Level};

use super::case::{Case, counted};
use super::teller::Teller;

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    for row in &case.joined.torn {
        let met = |send: usize| -> u64 {
            case.from(send).iter().filter_map(|join| join.off).map(Interval::len).sum()
        };
        let open = row.iter().filter(|&&send| case.line(send).moved() > Some(met(send))).count();
        let (Some(&first), false) = (row.iter().min(), open == 0) else { continue };
        let line = case.line(first);
        teller.say("interleaved", Level::Info, first, (line.proc, line.sock), || {
            let threads: HashSet<_> =
                row.iter().map(|&send| (case.line(send).proc, case.line(send).tid)).collect();
            let which = if open == row.len() { "which receive got what" } else { "which receive got the rest" };
            let cut = row.iter().any(|&send| case.line(send).cut);
            let cure = if cut { "; --full keeps all bytes, and they may tell" } else { "" };
            format!(
                "{} threads of {} sent on this socket at the same time ({}), and in which order and in which pieces the kernel \
                 took their bytes the record does not tell: {which} is left open{cure}; let one thread send, or hold a lock \
                 around each whole message",
                threads.len(),
                case.who(first),
                counted(row.len(), "send"),
            )
        });
    }
}
