//! Transfers that break off: gone on with, begun anew, or told; never a file that is not whole.

use std::fs;

use rustix::process::Signal;

use crate::bench::{Bench, names, sha256, version};
use crate::support::{peer, sock};

#[test]
fn a_transfer_that_breaks_off_is_gone_on_with_where_it_broke() {
    let Some(mut bench) = Bench::new() else { return };
    for how in
        ["cut:30000,cut:20000,ok", "reset:30000,reset:20000,ok", "stall:30000,stall:20000,ok"]
    {
        let path = format!("{how}/file");
        let sum = sha256(&version(1));
        let arguments = ["-o", "file", "--stall-timeout", "300ms", "--sha256", &sum];
        let finished = bench.get(&arguments, &path).expect(0);
        assert_eq!(bench.read("file"), version(1), "{how}");
        assert_eq!(bench.names(), ["file"]);
        assert_eq!(bench.ranges(3), ["all", "bytes=30000-", "bytes=50000-"], "{how}");
        let told = format!("{} broke off at byte 30000 of 100000: ", bench.url(&path));
        assert!(finished.stderr.contains(&told), "{}", finished.stderr);
        assert!(finished.stderr.contains("trying again in 0 s (1 of 3)"), "{}", finished.stderr);
    }
}

#[test]
fn the_condition_is_the_version_that_is_had() {
    let Some(mut bench) = Bench::new() else { return };
    bench.get(&["-o", "file"], "cut:30000,ok/file").expect(0);
    assert_eq!(bench.request()["if_range"], serde_json::Value::Null);
    let second = bench.request();
    assert_eq!(second["if_range"], "\"v1\"");
    assert_eq!(second["fields"]["accept-encoding"], "identity");
}

#[test]
fn another_version_begins_anew_and_none_is_spliced() {
    let Some(mut bench) = Bench::new() else { return };
    for (moods, ranges) in [
        ("cut:30000,v:2", &["all", "bytes=30000-"][..]),
        ("cut:30000,v:2+norange", &["all", "bytes=30000-"]),
        ("cut:30000,v:2+careless", &["all", "bytes=30000-", "all"]),
        ("cut:30000,v:2+careless+noetag,v:2", &["all", "bytes=30000-", "all"]),
        ("cut:30000,v:2+cut:40000,v:2", &["all", "bytes=30000-", "bytes=40000-"]),
        ("cut:30000+noetag,v:2", &["all", "all"]),
        ("cut:30000+weak,v:2", &["all", "all"]),
    ] {
        bench.get(&["-o", "file"], &format!("{moods}/file")).expect(0);
        assert_eq!(bench.read("file"), version(2), "{moods}");
        assert_eq!(bench.names(), ["file"]);
        assert_eq!(bench.ranges(ranges.len()), ranges, "{moods}");
    }
}

#[test]
fn a_part_that_is_not_what_was_asked_for_is_refused() {
    let Some(mut bench) = Bench::new() else { return };
    for moods in
        ["cut:30000,wrongrange,ok", "cut:30000,wrongtotal,ok", "cut:30000,careless+noetag,ok"]
    {
        bench.get(&["-o", "file"], &format!("{moods}/file")).expect(0);
        assert_eq!(bench.read("file"), version(1), "{moods}");
        assert_eq!(bench.ranges(3), ["all", "bytes=30000-", "all"], "{moods}");
    }
}

#[test]
fn what_is_not_whole_is_exit_6_and_no_file() {
    let Some(bench) = Bench::new() else { return };
    for (moods, code) in [
        ("cut:30000", 6),
        ("reset:30000", 6),
        ("chunked+cut:30000", 6),
        ("cut:0", 6),
        ("close", 6),
        ("stall:30000", 5),
    ] {
        fs::write(bench.path("file"), "the old one").unwrap();
        let arguments = ["-o", "file", "--retry", "0", "--stall-timeout", "300ms"];
        let finished = bench.get(&arguments, &format!("{moods}/file"));
        let finished = finished.expect(code);
        assert_eq!(bench.read("file"), b"the old one", "{moods}");
        let has_part = !["cut:0", "close"].contains(&moods);
        let kept = "file.part is kept: the same command again with -C goes on\n";
        assert_eq!(finished.stderr.ends_with(kept), has_part, "{moods}: {}", finished.stderr);
        let all: &[&str] =
            if has_part { &["file", "file.part", "file.part.json"] } else { &["file"] };
        assert_eq!(bench.names(), all, "{moods}");
        for name in all {
            fs::remove_file(bench.path(name)).unwrap();
        }
    }
}

#[test]
fn a_later_run_goes_on_if_it_is_told_to() {
    let Some(mut bench) = Bench::new() else { return };
    let path = "cut:30000,cut:20000,ok/file";
    let sum = sha256(&version(1));
    bench.get(&["-o", "file", "--retry", "0"], path).expect(6);
    let finished = bench.get(&["-o", "file", "--retry", "0", "-C"], path).expect(6);
    assert!(finished.stderr.ends_with("the same command again goes on\n"), "{}", finished.stderr);
    assert_eq!(bench.read("file.part"), &version(1)[..50_000]);
    let finished = bench.get(&["-o", "file", "-C", "--sha256", &sum], path).expect(0);
    assert!(finished.stderr.contains(" of them from before, in "), "{}", finished.stderr);
    assert_eq!(bench.read("file"), version(1));
    assert_eq!(bench.ranges(3), ["all", "bytes=30000-", "bytes=50000-"]);
    assert_eq!(bench.names(), ["file"]);
}

#[test]
fn a_later_run_finds_another_version_or_rubbish_and_begins_anew() {
    let Some(bench) = Bench::new() else { return };
    bench.get(&["-o", "file", "--retry", "0"], "cut:30000,v:2/file").expect(6);
    let finished = bench.get(&["-o", "file", "-C"], "cut:30000,v:2/file").expect(0);
    let told = ": the file has changed there: begun anew, without the 29.30 KiB from before\n";
    assert!(finished.stderr.contains(told), "{}", finished.stderr);
    assert_eq!(bench.read("file"), version(2));
    // What is whole is not gone on with, and that is said.
    let finished = bench.get(&["-o", "file", "-C"], "cut:30000,v:2/file").expect(0);
    let told = "file is there already, and no file.part to go on with: it is downloaded again\n";
    assert!(finished.stderr.contains(told), "{}", finished.stderr);
    // The same version, of which the server gives no rest.
    bench.get(&["-o", "rest", "--retry", "0"], "cut:30000,norange/rest").expect(6);
    let finished = bench.get(&["-o", "rest", "-C"], "cut:30000,norange/rest").expect(0);
    let told = ": the server does not give the rest of it: begun anew, without the 29.30 KiB from before\n";
    assert!(finished.stderr.contains(told), "{}", finished.stderr);
    bench.get(&["-o", "file", "--retry", "0"], "cut:30000,ok/other").expect(6);
    fs::write(bench.path("file.part.json"), "{\"validator\":").unwrap();
    bench.get(&["-o", "file", "-C"], "cut:30000,ok/other").expect(0);
    assert_eq!(bench.read("file"), version(1));
}

#[test]
fn a_pipe_gets_the_rest_of_the_same_version_or_exit_6() {
    let Some(bench) = Bench::new() else { return };
    for moods in ["cut:30000,reset:20000,ok", "cut:30000,norange+cut:40000,norange"] {
        let finished = bench.get(&[], &format!("{moods}/pipe")).expect(0);
        assert_eq!(finished.stdout, version(1), "{moods}");
    }
    for moods in ["cut:30000,v:2", "cut:30000,careless+noetag", "cut:30000,wrongrange"] {
        let finished = bench.get(&[], &format!("{moods}/pipe")).expect(6);
        assert_eq!(finished.stdout, &version(1)[..30_000], "{moods}");
        let why = match moods {
            "cut:30000,wrongrange" => "contradicts itself about the part that it sends",
            _ => "has another version now, or does not say which",
        };
        let why = format!(
            "cut short at byte 30000: the server {why}; download it to a file, which can begin anew\n"
        );
        assert!(finished.stderr.ends_with(&why), "{}", finished.stderr);
    }
    let finished = bench.get(&[], "cut:30000+noetag/pipe").expect(6);
    assert_eq!(finished.stdout.len(), 30_000);
    assert!(finished.stderr.ends_with("; download it to a file\n"), "{}", finished.stderr);
}

#[test]
fn a_hash_that_is_another_is_exit_1_and_no_file() {
    let Some(bench) = Bench::new() else { return };
    let (wanted, real) = (sha256(&version(2)), sha256(&version(1)));
    let finished = bench.get(&["-o", "file", "--sha256", &wanted], "ok/file").expect(1);
    let why =
        format!("is not what was expected: its SHA-256 is {real}; what came is in file.part\n");
    assert!(finished.stderr.ends_with(&why), "{}", finished.stderr);
    assert_eq!(bench.names(), ["file.part", "file.part.json"]);
    // It is not gone on with.
    bench.get(&["-o", "file", "-C", "--sha256", &real], "ok/file").expect(0);
    assert_eq!(bench.read("file"), version(1));
    bench.get(&["--sha256", &wanted], "ok/file").expect(1);
}

#[test]
fn what_passes_by_itself_is_waited_for() {
    let Some(mut bench) = Bench::new() else { return };
    let finished = bench.get(&["-o", "file"], "status:503:0,status:429:0,status:500:0,ok/file");
    let finished = finished.expect(0);
    assert!(finished.stderr.contains("503 Service Unavailable; trying again in 0 s (1 of 3)"));
    assert_eq!(bench.read("file"), version(1));
    let finished = bench.get(&["-o", "late"], "status:503:7200/late").expect(1);
    assert!(
        finished.stderr.ends_with("it asks to be left alone for 7200 s\n"),
        "{}",
        finished.stderr
    );
    assert_eq!(bench.ranges(5).len(), 5);
    // A request that does something is not sent again.
    bench.get(&["-d", "x", "--retry", "0"], "status:503:0/once").expect(1);
    bench.get(&["-d", "x"], "status:503:0/twice").expect(1);
    assert_eq!(bench.request()["n"], 1);
    assert_eq!(bench.request()["n"], 1);
}

#[test]
fn redirects_that_do_not_end_are_told() {
    let Some(bench) = Bench::new() else { return };
    let finished = bench.get(&["-q"], "loop/x").expect(1);
    assert!(finished.stderr.contains(" redirects to itself"), "{}", finished.stderr);
    let finished = bench.get(&["-q"], "away/x").expect(1);
    assert!(finished.stderr.contains("more than 10 redirects"), "{}", finished.stderr);
    let finished = bench.get(&["-q", "--no-redirect", "-i"], "loop/x").expect(0);
    assert!(finished.text().contains("Location: /loop/x\r\n"), "{}", finished.text());
    bench.get(&["-q"], "garbage/x").expect(1);
}

#[test]
fn an_interrupt_keeps_the_part_and_says_how_to_go_on() {
    let Some(mut bench) = Bench::new() else { return };
    let path = "stall:30000,ok/file";
    let program = bench.start(&["-o", "file"], path);
    assert_eq!(bench.ranges(1), ["all"]);
    // What was sent is there once all of it has arrived.
    while fs::metadata(bench.path("file.part")).map_or(0, |facts| facts.len()) < 30_000 {
        std::thread::yield_now();
    }
    program.signal(Signal::INT);
    let finished = program.finish().expect(130);
    let why = "file.part is kept: the same command again with -C goes on\n";
    assert!(finished.stderr.ends_with(why), "{}", finished.stderr);
    bench.get(&["-o", "file", "-C"], path).expect(0);
    assert_eq!(bench.ranges(1), ["bytes=30000-"]);
    assert_eq!(bench.read("file"), version(1));

    // Between two attempts, too.
    let mut program = bench.start(&["-o", "late"], "status:503:50/late");
    program.error_line_with("trying again in 50 s");
    program.signal(Signal::INT);
    program.finish().expect(130);
}

#[test]
fn a_file_that_the_limit_of_the_shell_forbids_is_an_error_and_its_part_is_kept() {
    let Some(bench) = Bench::new() else { return };
    let Some(mut shell) = peer("bash") else { return };
    let program = sock(&[]);
    let program = program.get_program().display();
    let line = format!("ulimit -f 32; exec {program} get -o file '{}'", bench.url("ok/file"));
    shell.args(["-c", &line]).env("no_proxy", "*").current_dir(bench.dir.path());
    let finished = crate::support::Program::run(shell, b"").expect(1);
    assert!(finished.stderr.contains("file too large"), "{}", finished.stderr);
    assert_eq!(bench.read("file.part"), &version(1)[..32 << 10]);
    bench.get(&["-o", "file", "-C"], "ok/file").expect(0);
    assert_eq!(bench.read("file"), version(1));
}

#[test]
fn who_was_silent_for_too_long_may_be_given_longer() {
    let Some(bench) = Bench::new() else { return };
    let told =
        bench.get(&["-q", "--retry", "0", "--stall-timeout", "300ms"], "stall:0/x").expect(5);
    assert!(told.stderr.ends_with("; --stall-timeout TIME waits longer\n"), "{}", told.stderr);
}

#[test]
fn two_downloads_of_one_file_do_not_mix() {
    let Some(mut bench) = Bench::new() else { return };
    let first = bench.start(&["-o", "file", "--stall-timeout", "20s"], "stall:30000,ok/file");
    assert_eq!(bench.ranges(1), ["all"]);
    let finished = bench.get(&["-o", "file"], "v:2/file").expect(1);
    let why = "cannot write file.part: another download is writing it; wait for its end, or choose \
               another file\n";
    assert!(finished.stderr.ends_with(why), "{}", finished.stderr);
    first.signal(Signal::TERM);
    first.finish().expect(143);
}

#[test]
fn a_reader_that_has_had_enough_ends_it_quietly() {
    let Some(bench) = Bench::new() else { return };
    let Some(mut shell) = peer("sh") else { return };
    let program = sock(&[]);
    let line = format!(
        "{} get -v --timing '{}' '{}' | head -c 10",
        program.get_program().display(),
        bench.url("ok/a"),
        bench.url("ok/b"),
    );
    shell.args(["-c", &line]).env("no_proxy", "*").current_dir(bench.dir.path());
    let finished = crate::support::Program::run(shell, b"").expect(0);
    assert_eq!(finished.stdout, &version(1)[..10]);
    assert!(!finished.stderr.contains("sock: "), "{}", finished.stderr);
    assert_eq!(names(bench.dir.path()), [""; 0]);
}

#[test]
fn what_was_cut_short_is_exit_6_although_the_server_has_gone_since() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/file", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut peer, _) = listener.accept().unwrap();
        // Whoever calls again is refused.
        drop(listener);
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            peer.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let answer = b"HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 9\r\n\r\nhello";
        peer.write_all(answer).unwrap();
    });
    let dir = tempfile::tempdir().unwrap();
    let mut command = sock(&["get", "--no-proxy", "--retry-delay", "0", "-q", "-o", "file", &url]);
    command.current_dir(dir.path());
    let finished = crate::support::Program::run(command, b"").expect(6);
    server.join().unwrap();
    let told = finished.stderr;
    assert!(told.contains(" broke off at byte 5 of 9, and then: cannot connect to "), "{told}");
    assert!(
        told.ends_with("file.part is kept: the same command again with -C goes on\n"),
        "{told}"
    );
    assert_eq!(names(dir.path()), ["file.part", "file.part.json"]);
}
