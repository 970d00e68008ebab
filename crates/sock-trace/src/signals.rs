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

/// Which signal a task hears of, of one that comes and those that wait behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    This,
    /// Not this one, by its own will or because by default nothing is done about it.
    Another,
    Neither,
}

/// What a task hears of, to which a signal comes.
pub(crate) fn heard(tid: Tid, signal: i32) -> Heard {
    heard_in(&fs::read_to_string(format!("/proc/{tid}/status")).unwrap_or_default(), signal)
}

/// [`heard`], of what `/proc/PID/status` tells.
fn heard_in(status: &str, signal: i32) -> Heard {
    const NOTHING: [i32; 4] = [libc::SIGCHLD, libc::SIGCONT, libc::SIGURG, libc::SIGWINCH];
    let bit = |signal: i32| 1_u64 << (signal - 1);
    let nothing = NOTHING.iter().fold(0, |set, signal| set | bit(*signal));
    let unheard = set(status, "SigIgn:") | (nothing & !set(status, "SigCgt:"));
    let waiting = (set(status, "SigPnd:") | set(status, "ShdPnd:")) & !set(status, "SigBlk:");
    if unheard & bit(signal) == 0 || status.is_empty() {
        Heard::This
    } else if waiting & !unheard != 0 {
        Heard::Another
    } else {
        Heard::Neither
    }
}

/// [`answer`], of what `/proc/PID/status` tells.
fn answer_in(status: &str, signal: i32) -> Answer {
    let has = |name: &str| set(status, name) >> (signal - 1) & 1 != 0;
    match (has("SigCgt:"), has("SigIgn:")) {
        (true, _) => Answer::Handler,
        (false, true) => Answer::Ignores,
        (false, false) => Answer::Default,
    }
}

/// A set of signals, by its name.
fn set(status: &str, name: &str) -> u64 {
    let set = status.lines().find_map(|line| line.strip_prefix(name));
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(0)
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

    #[test]
    fn a_signal_that_is_not_heard_may_stand_before_one_that_is() {
        use Heard::{Another, Neither, This};

        let status = "SigPnd:\t0\nShdPnd:\t2000\nSigBlk:\t0\nSigIgn:\t200\nSigCgt:\t2002\n";
        let of = |status: &str| {
            let all = [libc::SIGCHLD, libc::SIGUSR1, libc::SIGALRM, libc::SIGTERM];
            all.map(|signal| heard_in(status, signal))
        };
        assert_eq!(of(status), [Another, Another, This, This], "SIGALRM waits");
        let of_another = status.replace("ShdPnd:\t2000", "ShdPnd:\t8010000");
        assert_eq!(of(&of_another), [Neither, Neither, This, This], "SIGCHLD and SIGWINCH do");
        let blocked = status.replace("SigBlk:\t0", "SigBlk:\t2000");
        assert_eq!(of(&blocked), [Neither, Neither, This, This]);
        let of_stop = status.replace("SigPnd:\t0", "SigPnd:\t40000");
        assert_eq!(of(&of_stop), [Another, Another, This, This]);
        assert_eq!(of(""), [This; 4], "it is gone");
    }
}
