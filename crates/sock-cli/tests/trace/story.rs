//! What is told is what happened: servers of every kind, streams, datagrams, unix sockets, and how conversations fail.

use sock_record::{CallKind, Dir, Family, Line, LinkKind, Origin};

use crate::bench::Bench;

/// A name for each actor: all of them are one script.
fn named<'a>(server: &'a str, client: &'a str) -> [&'a str; 5] {
    ["--full", "--name", server, "--name", client]
}

#[test]
fn servers_of_every_kind_are_followed_to_the_byte() {
    let Some(bench) = Bench::new() else { return };
    for server in ["iterative", "threads", "fork", "select", "asyncio"] {
        let clients = if server == "iterative" { "one" } else { "many" };
        let programs = [bench.actor(server, &[]), bench.actor(clients, &[])];
        let traced = bench.trace(&["--full"], &programs);
        let (printed, code) = traced.is_whole().printed();
        assert_eq!(code, 0, "{server}: {}", traced.finished.stderr);
        let expected =
            if clients == "one" { "HELLO\n" } else { "CLIENT 0, TURN 0\nCLIENT 1, TURN 0\n" };
        assert!(printed.starts_with(expected), "{server}: {printed}");
        let accepted = traced
            .calls()
            .filter(|call| call.call == CallKind::Accept && call.ret.is_some_and(|fd| fd >= 0));
        assert_eq!(accepted.count(), if clients == "one" { 1 } else { 3 }, "{server}");
    }
}

#[test]
fn three_quick_sends_arrive_as_one_receive_as_they_do_untraced() {
    let Some(bench) = Bench::new() else { return };
    let programs = [bench.actor("iterative", &[]), bench.actor("three", &["100"])];
    let traced = bench.trace(&named("server", "client"), &programs);
    assert_eq!(traced.is_whole().printed(), ("done\n".to_owned(), 0), "{}", traced.finished.stderr);
    let receives = traced.calls_of("server", &CallKind::Recv);
    let whole = receives.iter().filter(|call| call.ret == Some(16)).count();
    assert!(whole >= 80, "{whole} of 100");
    // Without holding it is another story: that is why it is done.
    let traced =
        bench.trace(&[&named("server", "client")[..], &["--hold", "0"]].concat(), &programs);
    assert_eq!(traced.is_whole().printed().1, 0);
    let said = |line: &Line| matches!(line, Line::Meta(meta) if meta.hold_us == Some(0));
    assert!(traced.lines.iter().any(said), "the record says so");
}

#[test]
fn every_caller_says_where_it_calls_from() {
    let Some(bench) = Bench::new() else { return };
    // Whether the accept or the connect is heard first is chance, so that one connection would show little.
    let programs = [bench.actor("iterative", &[]), bench.actor("three", &["30"])];
    let traced = bench.trace(&named("server", "client"), &programs);
    let socks = traced.socks();
    let accepted: Vec<_> = socks.values().filter(|sock| sock.from == Origin::Accept).collect();
    assert_eq!(accepted.len(), 30);
    for sock in accepted {
        let caller = socks[&sock.mate.unwrap()];
        assert!(caller.local.is_some() && caller.local == sock.peer, "{caller:?}");
    }
}

#[test]
fn streams_cut_anyhow_are_joined_without_a_mismatch() {
    let Some(bench) = Bench::new() else { return };
    // The last with room for hardly anything, so that sends take parts and wait.
    let rows = [
        ["1", "600000", ""],
        ["2", "600000", ""],
        ["3", "600000", ""],
        ["4", "600000", ""],
        ["5", "600000", ""],
        ["6", "30000", "4096"],
    ];
    for [seed, total, room] in rows {
        let arguments: Vec<&str> =
            [seed, total, room].into_iter().filter(|word| !word.is_empty()).collect();
        let programs =
            [bench.actor("random_server", &arguments), bench.actor("random_client", &arguments)];
        let traced = bench.trace(&["--full"], &programs);
        assert_eq!(
            traced.is_whole().printed(),
            (format!("{total}\n"), 0),
            "seed {seed}: {}",
            traced.finished.stderr
        );
    }
}

#[test]
fn datagrams_meet_their_receivers_empty_ones_too() {
    let Some(bench) = Bench::new() else { return };
    let traced = bench.pair("udp_upper", ("udp_client", &[]));
    assert_eq!(traced.is_whole().printed(), ("ONE\n\nTHREE\n".to_owned(), 0));
    let links = sock_ladder::pair(&traced.lines).links;
    let dgrams = links.iter().filter(|paired| paired.link.kind == LinkKind::Dgram);
    assert_eq!(dgrams.count(), 6, "three up, three down");
}

#[test]
fn the_ends_of_unix_sockets_find_each_other() {
    let Some(bench) = Bench::new() else { return };
    let traced = bench.pair("unix_upper", ("unix_client", &[]));
    assert_eq!(
        traced.is_whole().printed(),
        ("HELLO\n".to_owned(), 0),
        "{}",
        traced.finished.stderr
    );
    let socks = traced.socks();
    let accepted = socks.values().find(|sock| sock.from == "accept".into()).unwrap();
    assert_eq!(accepted.family, Family::Unix);
    assert!(accepted.mate.is_some(), "{accepted:?}");
}

#[test]
fn a_socket_that_calls_itself_is_its_own_mate() {
    let Some(bench) = Bench::new() else { return };
    let traced = bench.trace(&["--full"], &[bench.actor("self_connect", &[])]);
    assert_eq!(traced.is_whole().printed(), ("to myself\n".to_owned(), 0));
    let socks = traced.socks();
    assert!(socks.values().any(|sock| sock.mate == Some(sock.sock)), "{socks:?}");
}

#[test]
fn a_descriptor_that_is_passed_is_the_same_socket() {
    let Some(bench) = Bench::new() else { return };
    let traced = bench.trace(&["--full"], &[bench.actor("passes", &[])]);
    assert_eq!(
        traced.is_whole().printed(),
        ("from the child\n".to_owned(), 0),
        "{}",
        traced.finished.stderr
    );
    let sent = traced
        .calls()
        .find(|call| call.data.as_deref() == Some(b"from the child") && call.dir == Some(Dir::Out));
    let accepted = traced.calls().find(|call| call.call == CallKind::Accept).unwrap();
    assert_eq!(sent.unwrap().sock, accepted.sock, "the child speaks on what its parent accepted");
    let passed = traced.calls().filter(|call| call.args.more.contains_key("passed"));
    assert_eq!(passed.count(), 2, "the send and the receive that carried it");
}

#[test]
fn a_close_with_bytes_unread_and_one_without_linger_are_told_apart() {
    let Some(bench) = Bench::new() else { return };
    let traced = bench.pair("close_unread", ("expect_reset", &[]));
    assert_eq!(traced.printed().0, "ConnectionResetError\n", "{}", traced.finished.stderr);
    let unread = |call: &&sock_record::Call| {
        call.call == CallKind::Close
            && call.args.more.get("unread").is_some_and(|n| n.as_u64() == Some(24))
    };
    assert_eq!(traced.calls().filter(unread).count(), 1);

    let traced = bench.pair("close_reset", ("expect_reset", &[]));
    assert!(traced.printed().0.contains("Error"), "{:?}", traced.printed());
    let at_once = |call: &&sock_record::Call| {
        call.args.more.get("linger_s").is_some_and(|n| n.as_u64() == Some(0))
    };
    assert_eq!(traced.calls().filter(at_once).count(), 1);
    let reset =
        |call: &sock_record::Call| matches!(call.err.as_deref(), Some("ECONNRESET" | "EPIPE"));
    assert!(traced.calls().any(reset));
}

#[test]
fn refusals_and_ports_in_use_are_told_by_name() {
    let Some(bench) = Bench::new() else { return };
    let traced = bench.trace(&[], &[bench.actor("refused", &[])]);
    assert_eq!(traced.printed(), ("refused\n".to_owned(), 0));
    let connect = traced.calls().find(|call| call.call == CallKind::Connect).unwrap();
    assert_eq!(connect.err.as_deref(), Some("ECONNREFUSED"));
    let said =
        |page: &str| page.contains("refused: actors.py has bound") && page.contains("[refused]");
    // Nothing was sent, and nothing is said to be missing.
    traced.is_whole();
    let traced = bench.trace(&[], &[bench.actor("refused_later", &[])]);
    assert_eq!(traced.is_whole().printed(), ("111\n".to_owned(), 0));
    assert!(said(&traced.finished.stderr), "{}", traced.finished.stderr);

    let traced = bench.trace(&[], &[bench.actor("in_use", &[])]);
    let bind = traced.calls().filter(|call| call.call == CallKind::Bind).last().unwrap();
    assert_eq!(bind.err.as_deref(), Some("EADDRINUSE"));
    let holder = &bind.args.more["holder"];
    assert_eq!(holder["state"], "LISTEN", "{holder}");
    assert_eq!(
        holder["pid"].as_u64(),
        bind.tid.map(u64::from),
        "it is the program itself: {holder}"
    );
}

#[test]
fn a_send_that_takes_a_part_tells_how_much() {
    let Some(bench) = Bench::new() else { return };
    let traced = bench.trace(&[], &[bench.actor("partial", &[])]);
    assert_eq!(traced.printed(), ("True\n".to_owned(), 0));
    let send = traced.calls().find(|call| call.call == CallKind::Send).unwrap();
    assert_eq!(send.args.len, Some(10_000_000));
    assert!(send.moved().is_some_and(|n| n > 0 && n < 10_000_000), "{send:?}");
    assert!(send.cut && send.data.as_deref().is_some_and(|data| data.len() == 64));
}

#[test]
fn sockets_that_are_part_of_nothing_are_drawn_only_where_all_is_wanted() {
    let Some(bench) = Bench::new() else { return };
    let traced = bench.trace(&[], &[bench.actor("idle_pair", &[])]);
    assert!(traced.finished.stderr.starts_with("no socket was used"), "{}", traced.finished.stderr);
    assert!(traced.calls().any(|call| call.call == CallKind::Socketpair), "the record has it");
    let traced = bench.trace(&["--all-calls"], &[bench.actor("idle_pair", &[])]);
    assert!(traced.finished.stderr.contains("socketpair"), "{}", traced.finished.stderr);
}

#[test]
fn a_fork_that_keeps_a_socket_is_told_at_the_close() {
    let Some(bench) = Bench::new() else { return };
    let traced = bench.pair("fork", ("one", &[]));
    assert_eq!(traced.is_whole().printed().1, 0);
    let held = traced.calls().find(|call| call.args.more.contains_key("held_by")).unwrap();
    assert_eq!(held.call, CallKind::Close, "the parent closes what its child holds: no FIN");
}

#[test]
fn each_call_tells_the_state_and_what_still_waits() {
    let Some(bench) = Bench::new() else { return };
    let traced = bench.trace(&[], &[bench.actor("small_receives", &[])]);
    assert_eq!(traced.is_whole().printed().1, 0, "{}", traced.finished.stderr);
    let moved = traced.calls().filter(|call| call.moved().is_some_and(|n| n > 0));
    let told: Vec<_> = moved
        .map(|call| (call.dir.unwrap(), call.state.as_deref().unwrap(), call.inq.unwrap()))
        .collect();
    let expected = [
        (Dir::Out, "ESTABLISHED", 0),
        (Dir::In, "ESTABLISHED", 4),
        (Dir::In, "ESTABLISHED", 0),
        (Dir::Out, "ESTABLISHED", 0),
        (Dir::In, "CLOSE_WAIT", 1),
        (Dir::In, "CLOSE_WAIT", 0),
        (Dir::Out, "CLOSE_WAIT", 0),
    ];
    assert_eq!(told, expected);
}
