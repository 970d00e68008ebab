//! What the tracer cannot see, it says: how many bytes went by other ways, and nothing where there were none.

use sock_record::{CallKind, Gap, Line};

use crate::bench::{Bench, Traced};
use crate::support::{Program, skip};

fn gaps(traced: &Traced) -> Vec<&Gap> {
    traced
        .lines
        .iter()
        .filter_map(|line| if let Line::Gap(gap) = line { Some(gap) } else { None })
        .collect()
}

/// What the kernel counted and what was seen, out and in.
fn counts(gap: &Gap) -> [Option<u64>; 4] {
    [gap.kernel_out, gap.seen_out, gap.kernel_in, gap.seen_in]
}

#[test]
fn bytes_that_go_by_io_uring_are_told_by_their_number() {
    let Some(bench) = Bench::new() else { return };
    let pipe = bench.port_pipe();
    let server = format!(
        "exec {} serve echo tcp://127.0.0.1:0 --json --engine uring 1<>\"$PORT\"",
        env!("CARGO_BIN_EXE_sock")
    );
    let server = ["/bin/sh", "-c", &server].map(str::to_owned).to_vec();
    let client = bench.actor("two_turns", &[pipe.to_str().unwrap()]);
    let run = |options: &[&str]| {
        let options = [&["--name", "server", "--name", "client"][..], options].concat();
        let mut command = bench.command(&options, &[server.clone(), client.clone()]);
        command.env("PORT", &pipe);
        let finished = Program::run(command, b"");
        Traced { finished, lines: bench.record() }
    };

    let seen = run(&["--no-io-uring"]);
    assert_eq!(
        seen.is_whole().printed(),
        ("hello\nworld!\n".to_owned(), 0),
        "{}",
        seen.finished.stderr
    );
    assert!(!seen.finished.stderr.contains("io_uring"), "{}", seen.finished.stderr);

    let hidden = run(&[]);
    assert_eq!(hidden.printed(), seen.printed());
    if hidden.finished.stderr.matches("\"hello\"").count() == 2 {
        return skip("a kernel that lets programs use io_uring");
    }
    let [gap] = gaps(&hidden)[..] else { panic!("{:?}", gaps(&hidden)) };
    assert_eq!(counts(gap), [Some(11), Some(0), Some(11), Some(0)]);
    let accepted = hidden.socks().into_values().find(|sock| sock.from == "accept".into()).unwrap();
    assert_eq!(gap.sock, accepted.sock);
    let page = &hidden.finished.stderr;
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        page.contains("11 B sent and 11 B received: bytes went through it by other ways"),
        "{page}"
    );
    assert!(page.contains("io_uring (try --no-io-uring)"), "{page}");
    // It echoed them, so it has taken them.
    assert!(page.contains("not seen ") && !page.contains("never read"), "{page}");
}

#[test]
fn urgent_bytes_are_seen_though_no_stream_has_them() {
    let Some(bench) = Bench::new() else { return };
    let traced = bench.trace(&["-q"], &[bench.actor("urgent", &[])]);
    assert_eq!(traced.printed(), ("!two\n#\n".to_owned(), 0), "{}", traced.finished.stderr);
    assert!(gaps(&traced).is_empty(), "{:?}", gaps(&traced));
}

#[test]
fn bytes_that_somebody_else_sends_on_the_socket_are_told_by_their_number() {
    let Some(bench) = Bench::new() else { return };
    // It is not traced, and is handed a socket of who is.
    let path = bench.path("stranger.sock");
    let path = path.to_str().unwrap();
    let words = bench.actor("stranger", &[path]);
    let mut stranger = std::process::Command::new(&words[0]);
    stranger.args(&words[1..]);
    let mut stranger = Program::start(stranger);
    assert_eq!(stranger.line(), "ready");
    let traced = bench.trace(&["--full"], &[bench.actor("lends", &[path])]);
    assert_eq!(traced.printed(), ("seen, secret\n".to_owned(), 0), "{}", traced.finished.stderr);
    stranger.finish().expect(0);
    let [gap] = gaps(&traced)[..] else { panic!("{:?}", gaps(&traced)) };
    assert_eq!(counts(gap), [Some(12), Some(6), Some(0), Some(0)]);
}

#[test]
fn a_copy_of_a_socket_is_found_in_a_crowd_as_well() {
    let Some(bench) = Bench::new() else { return };
    let traced = bench.trace(&[], &[bench.actor("crowd", &[])]);
    assert_eq!(traced.printed().1, 0, "{}", traced.finished.stderr);
    let closes: Vec<_> =
        traced.calls().filter(|call| call.call == CallKind::Close && call.sys.is_some()).collect();
    assert_eq!(closes.len(), 101);
    let held = |call: &sock_record::Call| {
        let held = call.args.more.get("held_by");
        held.map_or(0, |held| held.as_array().unwrap().len())
    };
    let holders: Vec<usize> = closes.iter().map(|call| held(call)).collect();
    // While the children live, they hold all of them; of one there is a copy, here and with each child.
    let mut expected = vec![10; 20];
    expected[5] = 21;
    expected.extend([0; 81]);
    assert_eq!(holders, expected);
}
