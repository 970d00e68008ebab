//! What whoever runs the server may not do: told to them, and not to clients.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::client::{get, put};
use crate::support::{self, Program, sock};
use crate::{Place, Web};

/// The program as somebody for whom rights count; none where nobody else gets to the program.
fn as_nobody(arguments: &[&str]) -> Option<Command> {
    let mut command = sock(arguments);
    if rustix::process::geteuid().is_root() {
        let program = std::path::PathBuf::from(command.get_program());
        let is_open = |path: &std::path::Path| {
            std::fs::metadata(path).is_ok_and(|facts| facts.permissions().mode() & 0o001 != 0)
        };
        if !program.ancestors().all(is_open) {
            support::skip("a program that others may run too");
            return None;
        }
        command.uid(65534);
    }
    Some(command)
}

fn allow(place: &Place, name: &str, mode: u32) {
    set_permissions(place.root.join(name), Permissions::from_mode(mode)).expect("ours to set");
}

#[test]
fn a_directory_that_may_not_be_entered_is_refused_at_the_start() {
    let place = Place::with(&[("index.html", b"page")]);
    allow(&place, "", 0o600);
    set_permissions(place.around.path(), Permissions::from_mode(0o755)).expect("ours to set");
    let root = place.root.to_str().expect("UTF-8");
    let Some(command) = as_nobody(&["serve", "http", root, "0"]) else { return };
    let finished = Program::run(command, b"").expect(1);
    let told = format!("sock: cannot serve {root}: permission denied: ");
    assert!(finished.stderr.starts_with(&told), "{}", finished.stderr);
    allow(&place, "", 0o700);
}

#[test]
fn what_may_not_be_read_or_written_is_told_in_the_terminal_with_the_reason() {
    let place = Place::with(&[("open", b"open"), ("closed", b"closed"), ("shut/file", b"file")]);
    symlink("/etc/passwd", place.root.join("out")).expect("a new link");
    set_permissions(place.around.path(), Permissions::from_mode(0o755)).expect("ours to set");
    for (name, mode) in [("closed", 0o000), ("shut", 0o311), ("", 0o555)] {
        allow(&place, name, mode);
    }
    let root = place.root.to_str().expect("UTF-8");
    let arguments = ["serve", "http", root, "tcp:127.0.0.1:0", "--upload"];
    let Some(command) = as_nobody(&arguments) else { return };
    let mut web = Web::of(Program::start(command));
    let line = web.program.error_line_with("careful: permission denied on ");
    assert!(line.contains("may not write there"), "{line}");
    let denied = "permission denied: the user that runs this server may not ";
    for (target, status, told) in [
        ("/closed", 403, format!(": /closed: {denied}read it")),
        ("/shut/", 403, format!(": /shut/: {denied}read it")),
        ("/", 200, ": /: 3 names are not shown: ".to_owned()),
    ] {
        let answer = get(web.port, target, &[]);
        assert_eq!(answer.status, status, "{target}");
        assert!(!answer.text().contains("permission"), "{}", answer.text());
        web.program.error_line_with(&told);
    }
    let answer = put(web.port, "/new", b"new", &[]);
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("no right to store files in this folder"), "{}", answer.text());
    web.program.error_line_with(&format!(": /new: {denied}write there"));
    web.stop();
    allow(&place, "", 0o755);
    allow(&place, "shut", 0o755);
}

#[test]
fn a_directory_whose_names_may_not_be_read_is_told_at_the_start() {
    let place = Place::with(&[("page", b"page")]);
    set_permissions(place.around.path(), Permissions::from_mode(0o755)).expect("ours to set");
    allow(&place, "", 0o311);
    let root = place.root.to_str().expect("UTF-8");
    let Some(command) = as_nobody(&["serve", "http", root, "tcp:127.0.0.1:0"]) else { return };
    let mut web = Web::of(Program::start(command));
    let line = web.program.error_line_with("careful: permission denied on ");
    assert!(line.contains("may not read its names"), "{line}");
    assert_eq!(get(web.port, "/page", &[]).status, 200);
    web.stop();
    allow(&place, "", 0o755);
}

/// A browser that was told `https://` shows no page that we could send.
#[test]
fn a_client_that_speaks_tls_at_a_plain_port_is_told_in_words() {
    let place = Place::with(&[]);
    let mut web = Web::serve(&place.root, &[]);
    let hello = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03";
    let answer = crate::client::ask(web.port, hello);
    assert_eq!(answer.status, 400);
    let line =
        web.program.error_line_with("the client speaks TLS, and this port is for plain HTTP");
    assert!(line.contains("http:// and not https://") && line.ends_with("tls://"), "{line}");
    web.stop();
}
