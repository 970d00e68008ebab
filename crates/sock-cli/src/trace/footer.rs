//! What stands below a ladder: what the tracer did to what it saw, and which programs failed.

use std::time::Duration;

use signal_hook::consts::SIGINT;
use sock_record::Line;
use sock_trace::{Ended, Outcome, Plan};

use super::outcomes::{Names, signal};

/// The lines below a ladder.
pub(super) fn footer(plan: &Plan, lines: &[Line], outcome: &Outcome) -> String {
    let calls = lines.iter().filter(|line| matches!(line, Line::Call(_))).count();
    let text = format!(
        "traced: {calls} socket calls; being watched, each takes a little longer than alone\n"
    );
    let names = plan.programs().iter().map(sock_trace::Program::name);
    text + &held(outcome.held, plan.hold_time()) + &failed(names, outcome)
}

/// Whoever compares with a run without sock wants to know how many receives were held, and how many of them may return otherwise
/// alone.
fn held((all, changed): (u64, u64), hold: Duration) -> String {
    let (receives, paused) = match all {
        0 => return String::new(),
        1 => ("1 receive waited".to_owned(), "its sender"),
        n => (format!("{n} receives waited"), "their senders"),
    };
    if changed == 0 {
        let they = if all == 1 { "it" } else { "they" };
        return format!(
            "{receives} until {paused} paused, so that {they} got as much at once as without sock\n"
        );
    }
    let (who, they) = match changed {
        1 if all == 1 => ("it".to_owned(), "it"),
        1 => ("1 of them".to_owned(), "it"),
        n if n == all => ("all of them".to_owned(), "they"),
        n => (format!("{n} of them"), "they"),
    };
    // Milliseconds, for not every terminal has a µ.
    let ms = hold.as_secs_f64() * 1_000_000.0;
    let ms = ms.round() / 1_000.0;
    format!(
        "{receives} for {paused} to pause; {who} got what was sent meanwhile as well, or waited for {ms} ms or longer: \
         without sock {they} may return sooner, or with less (--hold 0: none waits)\n"
    )
}

/// A line for each program that did not end well, where neither sock nor Ctrl-C has ended it.
fn failed<'p>(programs: impl Iterator<Item = &'p str>, outcome: &Outcome) -> String {
    let mut names = Names::default();
    let mut text = String::new();
    for ((name, ended), asked) in programs.zip(&outcome.ended).zip(&outcome.asked) {
        let name = names.of(name);
        let how = match ended {
            Some(Ended::Exit(status)) if *status != 0 => format!("ended with exit status {status}"),
            Some(Ended::Signal(number)) if *number != SIGINT => {
                format!("was ended by {}", signal(*number))
            }
            Some(Ended::Exit(_) | Ended::Signal(_) | Ended::NotRun(_)) | None => continue,
        };
        if !asked {
            text.extend([&*name, " ", &how, "\n"]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_nothing_was_changed_is_said_only_where_it_is_so() {
        let held = |all, changed| held((all, changed), Duration::from_micros(300));
        assert_eq!(held(0, 0), "");
        let same = "so that they got as much at once as without sock\n";
        assert_eq!(held(2, 0), format!("2 receives waited until their senders paused, {same}"));
        let begin =
            "got what was sent meanwhile as well, or waited for 0.3 ms or longer: without sock";
        let end = "may return sooner, or with less (--hold 0: none waits)\n";
        for (all, changed, first, they) in [
            (1, 1, "1 receive waited for its sender to pause; it", "it"),
            (3, 1, "3 receives waited for their senders to pause; 1 of them", "it"),
            (3, 2, "3 receives waited for their senders to pause; 2 of them", "they"),
            (3, 3, "3 receives waited for their senders to pause; all of them", "they"),
        ] {
            assert_eq!(held(all, changed), format!("{first} {begin} {they} {end}"));
        }
    }

    #[test]
    fn who_failed_by_itself_is_told() {
        let ends = [Ended::Exit(1), Ended::Exit(0), Ended::Signal(9), Ended::Signal(15)];
        let outcome = Outcome {
            ended: ends.into_iter().map(Some).chain([None]).collect(),
            asked: vec![false, false, false, true, false],
            ..Outcome::default()
        };
        let names = ["server.py", "client.py", "client.py", "other.py", "late.py"];
        let told = "server.py ended with exit status 1\nclient.py 2 was ended by SIGKILL\n";
        assert_eq!(failed(names.into_iter(), &outcome), told);
    }
}
