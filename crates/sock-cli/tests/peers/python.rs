//! Small Python programs that use nothing but Python's own `socket` and `socketserver`.

use crate::support::{Program, peer};

/// What every script begins with: a time limit, a reader of lines, and a line that is seen at once.
const PRELUDE: &str = r#"
import select, socket, socketserver, struct, sys, time
socket.setdefaulttimeout(30)

def say(*words):
    print(*words, flush=True)

def call(port, kind=socket.SOCK_STREAM):
    s = socket.socket(socket.AF_INET, kind)
    s.connect(("127.0.0.1", int(port)))
    return s

def until_end(s):
    pieces = []
    while True:
        piece = s.recv(4096)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)

def exactly(s, n):
    got = b""
    while len(got) < n:
        piece = s.recv(n - len(got))
        assert piece, f"the end after {got!r}"
        got += piece
    return got

def bound(kind=socket.SOCK_STREAM):
    s = socket.socket(socket.AF_INET, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        s.listen()
    say(s.getsockname()[1])
    return s

def expect(got, wanted):
    assert got == wanted, f"{got!r} is not {wanted!r}"
"#;

/// Starts a script with its arguments in `sys.argv[1:]`.
pub(crate) fn start(script: &str, arguments: &[&str]) -> Option<Program> {
    let mut command = peer("python3")?;
    command.arg("-c").arg(format!("{PRELUDE}{script}")).args(arguments);
    Some(Program::start(command))
}

/// Runs a script that says by its status whether all was as it expected.
#[track_caller]
pub(crate) fn run(script: &str, arguments: &[&str]) -> Option<String> {
    Some(start(script, arguments)?.finish().expect(0).text())
}

/// Starts a script whose first line is the port that it listens at.
pub(crate) fn listen(script: &str) -> Option<(Program, String)> {
    let mut program = start(script, &[])?;
    let port = program.line();
    Some((program, port))
}
