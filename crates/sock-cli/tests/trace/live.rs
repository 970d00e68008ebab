//! The ladder while it happens: what is drawn then tells of the same calls as the record.

use sock_record::{Call, CallKind};

use crate::bench::{Bench, Traced};

/// How often a call of this name stands beside a lane, with those that were folded: `send 5 B`.
fn told(traced: &Traced, words: &str) -> usize {
    let live = traced.finished.stderr.split("\n\n").next().unwrap();
    let mut round: Vec<usize> = Vec::new();
    let (mut sum, mut before) = (0, 0);
    for row in live.lines() {
        let n = row.matches(words).count();
        if let Some((_, times)) = row.split_once("× ") {
            let times: usize = times.split(' ').next().unwrap().replace(',', "").parse().unwrap();
            // A message and its answer repeat: two rows a round.
            sum += times * round.iter().rev().take(2).sum::<usize>();
        }
        before += usize::from(n > 0);
        round.push(n);
        sum += n;
    }
    assert!(before < 12, "what repeats is folded:\n{live}");
    sum
}

fn calls(traced: &Traced, kind: &CallKind) -> usize {
    let moved = |call: &&Call| call.call == *kind && call.moved().is_some_and(|n| n > 0);
    traced.calls().filter(moved).count()
}

#[test]
fn live_rows_tell_of_the_same_calls_as_the_record() {
    let Some(bench) = Bench::new() else { return };
    let programs = [bench.actor("iterative", &[]), bench.actor("ping", &["500"])];
    let traced = bench.trace(&["--live", "always"], &programs);
    traced.is_whole();
    for (kind, words) in [(CallKind::Send, "send "), (CallKind::Recv, "recv ")] {
        let due = calls(&traced, &kind);
        assert!(due >= 500, "{kind}: {due}");
        let ends = usize::from(kind == CallKind::Recv);
        let waits = traced.finished.stderr.matches("recv waits").count() * ends;
        assert_eq!(told(&traced, words), due + ends + waits, "{}", traced.finished.stderr);
    }
}

#[test]
fn nothing_is_drawn_live_in_a_pipe_unless_it_is_asked_for() {
    let Some(bench) = Bench::new() else { return };
    let programs = [bench.actor("iterative", &[]), bench.actor("one", &[])];
    for (options, drawn) in [(&["--live", "always"][..], 2), (&[], 1), (&["--live", "never"], 1)] {
        let traced = bench.trace(options, &programs);
        let page = &traced.finished.stderr;
        assert_eq!(page.matches("\"hello\"").count(), drawn, "{options:?}:\n{page}");
    }
}

#[test]
fn who_waits_is_drawn_while_he_waits() {
    let Some(bench) = Bench::new() else { return };
    let programs = [bench.actor("mute", &[]), bench.actor("listen_back", &[])];
    let traced = bench.trace(&["--live", "always", "--timeout", "2s"], &programs);
    let live = traced.finished.stderr.split("\n\n").next().unwrap();
    assert!(live.contains("recv waits"), "{live}");
    let unreturned = |call: &&Call| call.exit.is_none();
    assert!(traced.calls().filter(unreturned).count() >= 1, "{:?}", traced.finished);
}

#[test]
fn only_what_is_asked_for_is_drawn_live() {
    let Some(bench) = Bench::new() else { return };
    let programs = [bench.actor("iterative", &[]), bench.actor("one", &[])];
    let traced = bench.trace(&["--live", "always", "--only", "shutdown"], &programs);
    let live = traced.finished.stderr.split("\n\n").next().unwrap();
    assert!(live.contains("shutdown WR") && !live.contains("send 5 B"), "{live}");
    let traced = bench.trace(&["--live", "always", "--only", "9"], &programs);
    let live = traced.finished.stderr.split("\n\n").next().unwrap();
    assert!(!live.contains("send 5 B"), "{live}");
}

#[test]
fn a_name_that_was_given_outlives_an_exec() {
    let Some(bench) = Bench::new() else { return };
    let words =
        [&["sh", "-c", "exec \"$@\"", "sh"].map(str::to_owned)[..], &bench.actor("iterative", &[])];
    let names = ["--name", "server", "--name", "client"];
    let traced = bench.trace(&names, &[words.concat(), bench.actor("one", &[])]);
    let lanes: Vec<&str> =
        traced.finished.stderr.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(lanes, ["client", "server"]);
}

#[test]
fn a_name_goes_to_the_program_that_a_line_of_the_shell_runs() {
    let Some(bench) = Bench::new() else { return };
    let line = format!("cd . && {}; true", bench.actor("iterative", &[]).join(" "));
    let options = ["--name", "server", "--name", "client", "-c", &line];
    let traced = bench.trace(&options, &[bench.actor("one", &[])]);
    let page = &traced.finished.stderr;
    let lanes: Vec<&str> = page.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(lanes, ["client", "server"]);
    let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("sock ended server here"), "{page}");
}

#[test]
fn a_call_in_a_line_has_the_time_at_which_it_returned() {
    let Some(bench) = Bench::new() else { return };
    let programs = [bench.actor("iterative", &[]), bench.actor("umlauts", &[])];
    let names = ["-v", "--name", "server", "--name", "client"];
    let traced = bench.trace(&names, &programs);
    let told = traced.finished.stderr.lines().filter_map(|line| {
        let (time, rest) = line.trim_start().split_once(" ms  ")?;
        let is_call = rest.starts_with("server  ") || rest.starts_with("client  ");
        Some((time.parse::<f64>().ok().filter(|_| is_call)?, rest))
    });
    let told: Vec<(f64, &str)> = told.collect();
    assert!(told.len() > 8 && told.is_sorted_by_key(|(time, _)| *time), "{told:?}");
    let received = told.iter().find(|(_, rest)| rest.starts_with("server  recv")).unwrap().1;
    assert!(received.contains("= 9 B  \"größe's\""), "{received}");
    assert!(received.contains("  (begun at ") && received.ends_with(" ms)"), "{received}");
    // Nothing of a character that has no room.
    let cut = format!("= 33 B  \"-{}\"…", "ß".repeat(15));
    assert!(told.iter().any(|(_, rest)| rest.contains(&cut)), "{told:?}");
}

#[test]
fn what_is_accepted_comes_from_somewhere() {
    let Some(bench) = Bench::new() else { return };
    let traced = bench.trace(&["-v"], &[bench.actor("iterative", &[]), bench.actor("one", &[])]);
    let told = |words: &str| traced.finished.stderr.lines().any(|line| line.contains(words));
    let accept = traced.calls().find(|call| call.call == CallKind::Accept).unwrap();
    let (fd, peer) = (accept.fd.unwrap(), accept.args.addr.as_deref().unwrap());
    assert!(told(&format!("accept({fd}) from {peer} = ")), "{}", traced.finished.stderr);
    assert!(told("connect(3) to 127.0.0.1:"), "{}", traced.finished.stderr);
}
