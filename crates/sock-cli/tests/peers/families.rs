//! Echo over the other families: IPv6 and the sockets of this machine, by path and by abstract name.

use std::net::{Ipv6Addr, TcpListener};
use std::process;

use crate::support::{Program, Server, nc, peer, skip, sock};

/// Says a line through the program and gets it back.
fn echoes(mut client: Program) {
    client.say(b"hello\n");
    assert_eq!(client.line(), "hello");
    assert_eq!(client.finish().expect(0).text(), "");
}

#[test]
fn netcat_reaches_our_echo_over_ipv6() {
    let Some(mut command) = nc() else { return };
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        // Containers often have none; that is a property of the machine and no missing peer.
        return skip("IPv6 on the loopback interface");
    }
    let server = Server::start(&["echo"], &["tcp://[::1]:0"]);
    command.args(["-N", "::1", &server.port("tcp")]);
    echoes(Program::start(command));
    server.stop();
}

#[test]
fn netcat_and_socat_reach_our_echo_by_a_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("echo").to_string_lossy().into_owned();
    let server = Server::start(&["echo"], &[&format!("unix:{path}")]);
    assert_eq!(server.endpoint("unix"), format!("unix:{path}"));
    if let Some(mut command) = nc() {
        command.args(["-N", "-U", &path]);
        echoes(Program::start(command));
    }
    if let Some(mut command) = peer("socat") {
        command.args(["-t60", "-", &format!("UNIX-CONNECT:{path}")]);
        echoes(Program::start(command));
    }
    server.stop();
}

#[test]
fn socat_reaches_our_echo_by_an_abstract_name() {
    let Some(mut command) = peer("socat") else { return };
    let name = format!("sock-peers-{}", process::id());
    let server = Server::start(&["echo"], &[&format!("unix:@{name}")]);
    command.args(["-t60", "-", &format!("ABSTRACT-CONNECT:{name}")]);
    echoes(Program::start(command));
    server.stop();
}

#[test]
fn our_client_reaches_socat_by_an_abstract_name() {
    let Some(mut command) = peer("socat") else { return };
    let name = format!("sock-peers-client-{}", process::id());
    command.args(["-t60", "-dd", &format!("ABSTRACT-LISTEN:{name}"), "EXEC:cat"]);
    let mut server = Program::start(command);
    server.error_line_with("listening on");
    echoes(Program::start(sock(&["connect", &format!("unix:@{name}")])));
    server.finish().expect(0);
}
