//! What programs do with signals, as `/proc` tells.

use std::fs;

use crate::sys::Tid;

/// What a process does with a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// What the kernel does where nothing else was asked for: most signals end the program.
    Default,
    Ignores,
    Handler,
}

/// What a process does with a signal.
pub(crate) fn answer(pid: Tid, signal: i32) -> Answer {
    answer_in(&fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default(), signal)
}

/// [`answer`], of what `/proc/PID/status` tells.
fn answer_in(status: &str, signal: i32) -> Answer {
    let has = |name: &str| {
        let set = status.lines().find_map(|line| line.strip_prefix(name));
        let set = set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
        set.is_some_and(|set| set >> (signal - 1) & 1 != 0)
    };
    match (has("SigCgt:"), has("SigIgn:")) {
        (true, _) => Answer::Handler,
        (false, true) => Answer::Ignores,
        (false, false) => Answer::Default,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_one_bit_of_a_set() {
        let status = "SigIgn:\t0000000001001000\nSigCgt:\t0000000000002002\n";
        let of = |signal: i32| answer_in(status, signal);
        assert_eq!([of(libc::SIGALRM), of(libc::SIGINT)], [Answer::Handler; 2]);
        assert_eq!(of(libc::SIGPIPE), Answer::Ignores);
        assert_eq!([of(libc::SIGTERM), answer_in("", libc::SIGALRM)], [Answer::Default; 2]);
    }
}
