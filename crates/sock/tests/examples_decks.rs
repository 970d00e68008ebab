//! The programs of the lectures: each against its partner, and against a Python program that uses
//! Python's own `socket` or `socketserver`, in both roles. What they print is compared whole.
//!
//! `cargo test` builds the examples; for this test alone, `cargo build -p sock --examples` first.
#![allow(clippy::unwrap_used, reason = "the helpers of a test are part of it")]

mod deck_programs;
#[allow(dead_code, reason = "support that other tests share")]
mod needs;

use std::net::{Shutdown, UdpSocket};
use std::time::Duration;

use sock::socket::{Socket, create_connection};

use deck_programs::{Pair, Running, Who, client, named_ports, pairs, program};

const PROMPT: &str = "Input lowercase sentence: ";

#[test]
fn d1_the_server_greets_and_closes() {
    for pair in pairs() {
        let (mut server, port) = Running::server(pair.server, "d1_server");
        for _ in 0..2 {
            let said = client(pair.client, "d1_client", port, "");
            assert_eq!(said, "Thank you for connecting\n", "{pair:?}");
        }
        server.prints_as(
            "Got connection from ('127.0.0.1', PEER1)\nGot connection from ('127.0.0.1', PEER2)\n",
            |text| named_ports(text, port),
        );
        server.end();
    }
}

#[test]
fn d2_a_datagram_comes_back_in_upper_case() {
    for pair in pairs() {
        let (mut server, port) = Running::server(pair.server, "d2_server");
        for (sentence, reply) in
            [("hello from udp client", "HELLO FROM UDP CLIENT"), ("straße", "STRASSE")]
        {
            let said = client(pair.client, "d2_client", port, &format!("{sentence}\n"));
            assert_eq!(said, format!("{PROMPT}{reply}\n"), "{pair:?}");
        }
        server.prints("The server is ready to receive\n");
        server.end();
    }
}

#[test]
fn d3_the_client_binds_the_port_that_it_is_given() {
    for pair in pairs() {
        let (mut server, port) = Running::server(pair.server, "d3_server");
        let local = d3_client(pair, port);
        server.prints(&format!(
            "This message:  hello from client1\nis received from: ('127.0.0.1', {local})\n"
        ));
        server.end();
    }
}

/// Runs the client from a free port and returns that port. Another program may take the port
/// before the client does: then another one is tried.
fn d3_client(pair: Pair, port: u16) -> u16 {
    for _ in 0..10 {
        let free = UdpSocket::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut command = program(pair.client, "d3_client");
        command.args([&free.to_string(), "hello from client1", "127.0.0.1", &port.to_string()]);
        let (well, said) = Running::start(command).finish();
        if well {
            assert_eq!(said, "HELLO FROM CLIENT1\n", "{pair:?}");
            return free;
        }
    }
    panic!("{pair:?}: the client never got its port");
}

#[test]
fn d4_a_message_comes_back_in_upper_case_over_tcp() {
    for pair in pairs() {
        let (server, port) = Running::server(pair.server, "d4_server");
        for _ in 0..2 {
            let said = client(pair.client, "d4_client", port, "hello from tcp client\n");
            assert_eq!(said, format!("{PROMPT} From Server:  HELLO FROM TCP CLIENT\n"), "{pair:?}");
        }
        server.end();
    }
}

#[test]
fn d5_each_message_is_acknowledged_until_exit() {
    const ASK: &str = "Enter message to send or type Exit to disconnect: ";
    for pair in pairs() {
        let (mut server, port) = Running::server(pair.server, "d5_server");
        let said = client(pair.client, "d5_client", port, "Hi\nHow are you?\nExit\n");
        assert_eq!(
            said,
            format!(
                "{ASK}Received Message from Server: Your data was 2 bytes\n\
                 {ASK}Received Message from Server: Your data was 12 bytes\n\
                 {ASK}Now you are disconnected from the server\n"
            ),
            "{pair:?}"
        );
        server.prints_as(
            "Listening at ('127.0.0.1', PORT)\n\
             The server now is connected to: ('127.0.0.1', PEER1)\n\
             Socket connects between ('127.0.0.1', PORT) and ('127.0.0.1', PEER1)\n\
             Received Message from Client: Hi\n\
             Received Message from Client: How are you?\n\
             Received Message from Client: Exit\n\
             Reply sent, Server socket closed\n\
             Listening at ('127.0.0.1', PORT)\n",
            |text| named_ports(text, port),
        );
        server.end();
    }
}

/// What D6 and D7 print of one client that sends two lines.
fn echoed(peer: &str) -> String {
    format!(
        "Connected by ('127.0.0.1', {peer})\nServer received: hello\nServer received: world\n\
         Client closed ('127.0.0.1', {peer})\n"
    )
}

#[test]
fn d6_the_iterative_server_echoes_to_one_client_after_the_other() {
    for pair in pairs() {
        let (mut server, port) = Running::server(pair.server, "d6_server");
        // An empty line ends the first client, the end of its input the second.
        for input in ["hello\nworld\n\nunsent\n", "hello\nworld\n"] {
            assert_eq!(client(pair.client, "d6_client", port, input), "hello\nworld\n", "{pair:?}");
        }
        let expected = format!("Server started\n{}{}", echoed("PEER1"), echoed("PEER2"));
        server.prints_as(&expected, |text| named_ports(text, port));
        server.end();
    }
}

/// Connects, has one byte echoed, and resets the connection.
fn reset(port: u16) {
    let client = create_connection(("127.0.0.1", port)).unwrap();
    assert_eq!(ask(&client, b"x"), b"x");
    client.set_linger(Some(Duration::ZERO)).unwrap();
    client.close().unwrap();
}

#[test]
fn d7_a_client_that_resets_does_not_take_the_server_down() {
    for pair in pairs() {
        let (mut server, port) = Running::server(pair.server, "d7_server");
        reset(port);
        assert_eq!(client(pair.client, "d6_client", port, "hello\nworld\n"), "hello\nworld\n");
        let words = match pair.server {
            Who::Rust => "recv: connection reset by peer",
            Who::Python => "[Errno 104] Connection reset by peer",
        };
        let expected = format!(
            "Server started\nConnected by ('127.0.0.1', PEER1)\nServer received: x\n\
             socket error: {words}\nClient closed ('127.0.0.1', PEER1)\n{}",
            echoed("PEER2")
        );
        server.prints_as(&expected, |text| named_ports(text, port));
        server.end();
    }
}

#[test]
fn d7_the_server_is_relaunched_at_once_and_d6_is_not() {
    let (server, port) = Running::server(Who::Rust, "d7_server");
    let client = create_connection(("127.0.0.1", port)).unwrap();
    assert_eq!(ask(&client, b"x"), b"x");
    // The server ends first, so that its port is the one that winds down.
    drop(server);
    assert_eq!(client.recv_vec(1).unwrap(), b"");

    let again = |name: &str| {
        let mut command = program(Who::Rust, name);
        command.args(["127.0.0.1", &port.to_string()]);
        Running::start(command)
    };
    let mut without = again("d6_server");
    assert!(
        without.complaint().contains("address already in use"),
        "D6 has problem 3 of the lectures"
    );
    assert!(!without.finish().0);
    again("d7_server").prints("Server started\n");
}

fn ask(client: &Socket, question: &[u8]) -> Vec<u8> {
    client.set_timeout(Some(Duration::from_secs(20))).unwrap();
    client.send_all(question).unwrap();
    client.recv_vec(question.len()).unwrap()
}

/// What D8 and D9 are for: a client that says nothing holds up nobody.
fn serves_beside_a_silent_client(name: &str) {
    for pair in pairs() {
        let (server, port) = Running::server(pair.server, name);
        let silent = create_connection(("127.0.0.1", port)).unwrap();
        for _ in 0..2 {
            let said = client(pair.client, "d6_client", port, "hello\nworld\n");
            assert_eq!(said, "hello\nworld\n", "{pair:?}");
        }
        assert_eq!(ask(&silent, b"!"), b"!", "{pair:?}");
        silent.shutdown(Shutdown::Write).unwrap();
        assert_eq!(silent.recv_vec(1).unwrap(), b"", "{pair:?}");
        server.end();
    }
}

#[test]
fn d8_a_silent_client_does_not_hold_up_another() {
    serves_beside_a_silent_client("d8_server");
}

#[test]
fn d9_a_silent_client_does_not_hold_up_another() {
    serves_beside_a_silent_client("d9_server");
}

#[test]
fn d8_and_d9_outlive_a_client_that_resets() {
    for name in ["d8_server", "d9_server"] {
        let (server, port) = Running::server(Who::Rust, name);
        reset(port);
        assert_eq!(client(Who::Rust, "d6_client", port, "hello\n"), "hello\n", "{name}");
        server.end();
    }
}

#[test]
fn d10_one_call_of_the_handler_has_a_whole_session() {
    for pair in pairs() {
        let (server, port) = Running::server(pair.server, "d10_tcp_server");
        for _ in 0..2 {
            let said = client(pair.client, "d10_tcp_client", port, "hello\nstraße\n");
            assert_eq!(said, "HELLO\nSTRASSE\n", "{pair:?}");
        }
        server.end();
    }
}

#[test]
fn d10_one_call_of_the_handler_has_one_datagram() {
    for pair in pairs() {
        let (server, port) = Running::server(pair.server, "d10_udp_server");
        for _ in 0..2 {
            let said = client(pair.client, "d2_client", port, "hello\n");
            assert_eq!(said, format!("{PROMPT}HELLO\n"), "{pair:?}");
        }
        server.end();
    }
}

#[test]
fn d14_each_peer_is_a_client_and_a_server_at_once() {
    for pair in pairs() {
        let (mut one, port_of_one) = Running::server(pair.server, "d14_peer");
        let (mut two, port_of_two) = Running::server(pair.client, "d14_peer");
        one.type_in(&format!("{port_of_two}\nhello from one\nand bye\n"));
        two.type_in(&format!("{port_of_one}\nhello from two\n"));
        // Each has heard the other before either of them ends: they are both at once.
        one.prints_as("('127.0.0.1', PEER1) says: hello from two\n", |text| named_ports(text, 0));
        two.prints_as(
            "('127.0.0.1', PEER1) says: hello from one\n('127.0.0.1', PEER1) says: and bye\n",
            |text| named_ports(text, 0),
        );
        one.end_input();
        two.end_input();
        assert!(one.finish().0, "{pair:?}");
        assert!(two.finish().0, "{pair:?}");
    }
}
