//! The lock-down: what the program cannot do any more, and all that it still can.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;

use rustix::process::Signal;

use crate::client::{call, get, put, read, request};
use crate::support::{Program, skip, sock};
use crate::{ENGINES, Place, Web};

/// Whether this kernel locks anything; then it is said, and otherwise so is that.
fn is_locked(web: &mut Web) -> bool {
    let line = web.program.error_line_with("locked down: ");
    if line.starts_with("not locked down: ") {
        skip("a kernel with landlock");
        return false;
    }
    true
}

#[test]
fn it_is_said_what_is_left() {
    let place = Place::with(&[("page", b"page")]);
    for (options, expected) in [
        (&["-v"][..], format!("can read {} and nothing else", place.root.display())),
        (
            &["-v", "--upload"],
            format!("can read and store files in {} and nothing else", place.root.display()),
        ),
    ] {
        let mut web = Web::serve(&place.root, options);
        let line = web.program.error_line_with("locked down: ");
        let is_there = line.ends_with(&expected);
        assert!(is_there || line.starts_with("not locked down: "), "{line}");
        web.stop();
    }
    let mut web = Web::start(&["127.0.0.1:0", "-v"]);
    let line = web.program.error_line_with("locked down: ");
    assert!(line.ends_with("can open no file") || line.starts_with("not "), "{line}");
    web.stop();
}

/// A folder is moved out of the directory while a file is on its way into it: the server has that folder
/// open, and only the kernel can know that it is somewhere else by now.
#[test]
fn what_has_left_the_directory_is_out_of_reach() {
    for engine in ENGINES {
        let place = Place::with(&[("sub/page", b"page")]);
        let mut web = Web::serve(&place.root, &["--upload", "-v", "--engine", engine]);
        if !is_locked(&mut web) {
            return;
        }
        let mut stream = call(web.port);
        let head = request("PUT", "/sub/new", &["Content-Length: 8"]);
        stream.write_all(head.as_bytes()).expect("it reads");
        stream.write_all(b"half").expect("it reads");
        while !has_open(web.program.pid(), &place.root.join("sub")) {
            std::thread::yield_now();
        }
        let moved = place.around.path().join("moved");
        fs::rename(place.root.join("sub"), &moved).expect("it can be renamed");
        stream.write_all(b"half").expect("it reads");
        let answer = read(stream);
        assert_eq!(answer.status, 403, "{engine}: {}", answer.head);
        let left: Vec<_> = fs::read_dir(moved).expect("a folder").collect();
        assert_eq!(left.len(), 1, "{engine}: {left:?}");
        web.stop();
    }
}

/// Whether the process, or one that it has forked, has something open in `folder`.
fn has_open(pid: i32, folder: &std::path::Path) -> bool {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let children = children.unwrap_or_default();
    let children = children.split_whitespace().filter_map(|pid| pid.parse().ok());
    std::iter::once(pid).chain(children).any(|pid| {
        let open = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        open.filter_map(|fd| fs::read_link(fd.path()).ok()).any(|path| path.starts_with(folder))
    })
}

#[test]
fn everything_else_still_works() {
    for engine in ENGINES {
        let place = Place::with(&[("page", b"page")]);
        symlink("/proc/self/root/etc", place.root.join("magic")).expect("a new link");
        let record = place.around.path().join("record");
        let socket = place.around.path().join("socket");
        let (root, file) = (place.root.to_str().expect("UTF-8"), record.to_str().expect("UTF-8"));
        let unix = format!("unix:{}", socket.display());
        let mut arguments = vec!["serve", "http", root, "tcp:127.0.0.1:0", &unix];
        arguments.extend(["--upload", "--record", file, "--engine", engine]);
        let mut program = Program::start(sock(&arguments));
        let line = program.error_line_with("listening on tcp://");
        let port = line.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        program.error_line_with("listening on unix:");
        assert_eq!(get(port, "/page", &[]).text(), "page", "{engine}");
        assert_eq!(get(port, "/magic/passwd", &[]).status, 403, "{engine}");
        assert!(get(port, "/", &[]).text().contains("page"), "{engine}");
        assert_eq!(put(port, "/new", b"new", &[]).status, 201, "{engine}");
        assert!(put(port, "/new", b"newer", &[]).status < 300, "{engine}");
        assert_eq!(place.read("new"), b"newer");
        let mut stream = UnixStream::connect(&socket).expect("it listens");
        stream.write_all(request("GET", "/new", &[]).as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it ends");
        drop(stream);
        assert!(answer.ends_with("\r\n\r\nnewer"), "{answer}");
        program.signal(Signal::TERM);
        program.finish().expect(0);
        assert!(!socket.exists(), "{engine}: the file of its socket is still there");
        let recorded = fs::read_to_string(&record).expect("a record");
        assert!(recorded.contains("GET /page HTTP/1.1"), "{engine}: {recorded}");
    }
}

/// Other services are none of its business.
#[test]
fn only_the_web_server_is_locked() {
    let mut server = Program::start(sock(&["serve", "echo", "tcp:127.0.0.1:0", "-v"]));
    server.error_line_with("listening on ");
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("a status");
    assert!(status.contains("NoNewPrivs:\t0"), "{status}");
}
