//! Programs that nobody wrote for this: whatever they are written in, the trace tells what they said, and they say what
//! they say untraced.
//!
//! A server tells its port on `$PORT`, a named pipe that it opens both ways so as not to wait; the client reads it there.

use std::path::Path;
use std::process::Command;

use crate::bench::{Bench, Traced};
use crate::support::{Finished, Program, is_here, nc, peer, skip};

/// Two programs as lines of the shell, and what their conversation holds.
struct Pair<'a> {
    server: &'a str,
    /// How the client finds the port in the server's `$line`.
    port: &'a str,
    client: &'a str,
    /// Bytes that go from the client to the server, in one send or in several.
    says: &'a [u8],
    /// And what comes back.
    hears: &'a [u8],
}

/// Reads the line that says where the server listens. nc says where it is bound before it does.
const READ: &str = r#"while read -r line <"$PORT"; [ "${line%% *}" = Bound ]; do :; done"#;

impl Pair<'_> {
    fn lines(&self) -> [String; 2] {
        let client = format!("{READ}; set -- $line; port={}; {}", self.port, self.client);
        [format!("exec {}", self.server), client]
    }

    /// Runs them traced and untraced, and holds what came of it to the rules.
    fn judge(&self, bench: &Bench) -> Traced {
        let pipe = bench.port_pipe();
        let [server, client] = self.lines();
        let shell = |line: &str| ["/bin/sh", "-c", line].map(str::to_owned).to_vec();
        let mut command = bench.command(
            &["-q", "--full", "--name", "server", "--name", "client"],
            &[shell(&server), shell(&client)],
        );
        command.env("PORT", &pipe);
        let finished = Program::run(command, b"");
        let traced = Traced { finished, lines: bench.record() };
        let untraced = untraced(&pipe, &server, &client);
        assert_eq!(
            traced.printed(),
            (untraced.text(), untraced.code()),
            "{}",
            traced.finished.stderr
        );
        traced.is_whole();
        for bytes in [self.says, self.hears] {
            let found = traced.streams().iter().any(|stream| contains(stream, bytes));
            assert!(
                found,
                "{:?} was heard: {:?}",
                String::from_utf8_lossy(bytes),
                traced.streams()
            );
        }
        traced
    }
}

/// What the client prints, and how it ends, where nobody watches.
fn untraced(pipe: &Path, server: &str, client: &str) -> Finished {
    let shell = |line: &str| {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]).env("PORT", pipe);
        command
    };
    let server = Program::start(shell(server));
    let client = Program::run(shell(client), b"");
    server.signal(rustix::process::Signal::KILL);
    server.finish();
    client
}

fn contains(stream: &[u8], bytes: &[u8]) -> bool {
    stream.windows(bytes.len()).any(|window| window == bytes)
}

/// A script beside this file.
macro_rules! beside {
    ($name:literal) => {
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/trace/", $name)
    };
}

#[test]
fn node() {
    let (Some(bench), Some(_)) = (Bench::new(), peer("node")) else { return };
    let script = beside!("actors.js");
    let pair = Pair {
        server: &format!("node {script} server 1<>\"$PORT\""),
        port: "$line",
        client: &format!("exec node {script} client $port"),
        says: b"hello from node\n",
        hears: b"HELLO FROM NODE\n",
    };
    assert_eq!(pair.judge(&bench).printed(), ("HELLO FROM NODE\n".to_owned(), 3));
}

#[test]
fn java() {
    let Some(bench) = Bench::new() else { return };
    // A JDK is not asked of anybody: it is larger than everything else together.
    if !is_here("javac") {
        return skip("javac");
    }
    let classes = bench.path("classes");
    let javac = Command::new("javac").arg("-d").arg(&classes).arg(beside!("Actors.java")).status();
    assert!(javac.unwrap().success());
    let java = format!("java -XX:TieredStopAtLevel=1 -cp {} Actors", classes.display());
    let pair = Pair {
        server: &format!("{java} server 1<>\"$PORT\""),
        port: "$line",
        client: &format!("exec {java} client $port"),
        says: b"hello from java\n",
        hears: b"HELLO FROM JAVA\n",
    };
    assert_eq!(pair.judge(&bench).printed(), ("HELLO FROM JAVA\n".to_owned(), 3));
}

#[test]
fn a_static_program_in_c() {
    let (Some(bench), Some(mut cc)) = (Bench::new(), peer("cc")) else { return };
    let program = bench.path("actors");
    let done =
        cc.args(["-static", "-pthread", "-o"]).arg(&program).arg(beside!("actors.c")).output();
    let said = String::from_utf8(done.unwrap().stderr).unwrap();
    assert!(program.exists(), "{said}");
    let program = program.display();
    let pair = Pair {
        server: &format!("{program} server 1<>\"$PORT\""),
        port: "$line",
        client: &format!("exec {program} client $port"),
        says: b"hello from c\n",
        hears: b"HELLO FROM C\n",
    };
    let traced = pair.judge(&bench);
    assert_eq!(traced.printed(), ("HELLO FROM C\n".to_owned(), 3));
    let writers = traced.calls().filter(|call| call.sys.as_deref() == Some("write"));
    let readers = traced.calls().filter(|call| call.sys.as_deref() == Some("read"));
    let procs =
        |calls: Vec<&sock_record::Call>| calls.iter().map(|call| call.proc).collect::<Vec<_>>();
    let (writers, readers) = (procs(writers.collect()), procs(readers.collect()));
    assert!(
        writers.len() == 3 && !readers.contains(&writers[0]),
        "the child writes: {writers:?} {readers:?}"
    );
}

#[test]
fn socat() {
    let (Some(bench), Some(_)) = (Bench::new(), peer("socat")) else { return };
    // Its child becomes another program that finds the connection as its input and output.
    let pair = Pair {
        server: "socat -d -d TCP-LISTEN:0,bind=127.0.0.1,fork EXEC:'tr a-z A-Z',nofork 2<>\"$PORT\"",
        port: "${line##*:}",
        client: "printf 'hello from socat\\n' | socat - TCP:127.0.0.1:$port",
        says: b"hello from socat\n",
        hears: b"HELLO FROM SOCAT\n",
    };
    assert_eq!(pair.judge(&bench).printed(), ("HELLO FROM SOCAT\n".to_owned(), 0));
}

#[test]
fn netcat_on_tcp_and_unix_sockets() {
    let (Some(bench), Some(_)) = (Bench::new(), nc()) else { return };
    let path = bench.path("nc.sock");
    let path = path.display();
    let rows = [
        ("-l 127.0.0.1 0", "-N 127.0.0.1 $port"),
        (&format!("-lU {path}"), &format!("-NU {path}")),
    ];
    for (server, client) in rows {
        let pair = Pair {
            server: &format!("nc -vN {server} <{} >/dev/null 2<>\"$PORT\"", beside!("actors.js")),
            port: "${line##* }",
            client: &format!("printf 'hello from nc\\n' | nc {client}; rm -f {path}; exit 3"),
            says: b"hello from nc\n",
            hears: b"\"use strict\";",
        };
        pair.judge(&bench);
    }
}

#[test]
fn curl_and_the_web_server_of_python() {
    let (Some(bench), Some(_)) = (Bench::new(), peer("curl")) else { return };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/trace");
    let pair = Pair {
        server: &format!(
            "python3 -u -m http.server 0 --bind 127.0.0.1 -d {folder} 1<>\"$PORT\" 2>/dev/null"
        ),
        port: "$6",
        client: "exec curl -sS http://127.0.0.1:$port/main.rs http://127.0.0.1:$port/none",
        says: b"GET /main.rs HTTP/1.1\r\n",
        hears: include_bytes!("main.rs"),
    };
    let traced = pair.judge(&bench);
    assert!(traced.printed().0.contains("File not found"), "{:?}", traced.printed());
}
