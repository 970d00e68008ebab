//! Where a server listens: who else is there, what it leaves behind, and starting it again at once.

#![allow(clippy::unwrap_used, reason = "what fails here is the test")]

#[allow(dead_code, reason = "support that other tests share")]
mod engine_table;

use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;

use engine_table::client::Client;
use engine_table::server::{ServerProcess, until_refused};
use engine_table::{ENGINES, Transport};

/// A stop while conversations are open, some of them held by children, and a start on the very port.
#[test]
fn a_server_starts_again_at_once_after_a_busy_stop() {
    for engine in ENGINES {
        for transport in [Transport::Tcp4, Transport::Tcp6, Transport::Udp4] {
            let server = ServerProcess::start(engine, "echo", transport, &["--grace", "20000"]);
            let at = server.endpoint.clone();
            let client = Client::connect(transport, &at);
            client.send(b"before");
            assert_eq!(client.receive(6), b"before", "{engine} {transport:?}");
            server.ask();
            if transport.is_datagram() {
                server.wait();
                let next = ServerProcess::start_at(engine, "echo", &at, &[]);
                Client::connect(transport, &next.endpoint).echoes(b"again");
                next.stop();
                continue;
            }
            if engine == "iterative" {
                // The one thread that could close the port is in this conversation.
                client.finish();
                assert_eq!(client.receive_all(), b"", "{engine}");
                server.wait();
                let next = ServerProcess::start_at(engine, "echo", &at, &[]);
                Client::connect(transport, &next.endpoint).echoes(b"again");
                next.stop();
                continue;
            }
            server.no_longer_listens(transport);
            // The old one still holds its conversation while the new one serves.
            let next = ServerProcess::start_at(engine, "echo", &at, &[]);
            assert_eq!(next.endpoint, at);
            Client::connect(transport, &next.endpoint).echoes(b"again");
            client.send(b"after");
            client.finish();
            assert_eq!(client.receive_all(), b"after", "{engine} {transport:?}");
            server.wait();
            next.stop();
        }
    }
}

/// Children hold no socket of their parent: not that of its datagrams, either.
#[test]
fn the_children_of_fork_hold_no_port() {
    let more = ["--grace", "20000", "udp://127.0.0.1:0"];
    let mut server = ServerProcess::start_at("fork", "echo", "tcp://127.0.0.1:0", &more);
    let stream = server.next_endpoint();
    let client = Client::connect(Transport::Tcp4, &stream);
    client.echoes(b"a child holds this");
    server.ask();
    until_refused(Transport::Tcp4, &stream);
    let next = ServerProcess::start_at("fork", "echo", &server.endpoint, &[]);
    Client::connect(Transport::Udp4, &next.endpoint).echoes(b"again");
    next.stop();
    drop(client);
    server.wait();
}

#[test]
fn a_second_copy_is_refused_and_told_who_is_first() {
    for (workers, second_workers) in [("1", "1"), ("2", "1"), ("1", "2"), ("2", "2")] {
        for transport in [Transport::Tcp4, Transport::Tcp6, Transport::Udp4, Transport::Udp6] {
            let server = ServerProcess::start("epoll", "echo", transport, &["--workers", workers]);
            let more = ["--workers", second_workers];
            let said = ServerProcess::refusal("epoll", &server.endpoint, &more);
            let first = format!("engine_server (process {})", server.pid().as_raw_nonzero());
            assert!(said.contains(&first), "{transport:?} {workers}/{second_workers}: {said}");
            assert!(said.contains(&server.endpoint), "{said}");
            server.stop();
        }
    }
    for engine in ENGINES {
        for transport in [Transport::Unix, Transport::Unixgram] {
            let server = ServerProcess::start(engine, "echo", transport, &[]);
            let said = ServerProcess::refusal(engine, &server.endpoint, &[]);
            let first = format!("engine_server (process {})", server.pid().as_raw_nonzero());
            assert!(said.contains(&first) && said.contains("another path"), "{said}");
            // It goes on as if nobody had asked.
            Client::connect(transport, &server.endpoint).echoes(b"still here");
            server.stop();
        }
    }
}

/// One on every interface and one on a single address are in each other's way.
#[test]
fn every_interface_and_one_address_exclude_each_other() {
    let port = |server: &ServerProcess| {
        server.endpoint.rsplit_once(':').map(|(_, port)| port.to_owned()).unwrap()
    };
    for scheme in ["tcp", "udp"] {
        let wide = ServerProcess::start_at("epoll", "echo", &format!("{scheme}://:0"), &[]);
        let first = format!("process {}", wide.pid().as_raw_nonzero());
        for host in ["127.0.0.1", "[::1]", "0.0.0.0", "[::]", ""] {
            let at = format!("{scheme}://{host}:{}", port(&wide));
            let said = ServerProcess::refusal("epoll", &at, &[]);
            assert!(said.contains(&first), "{at}: {said}");
        }
        wide.stop();
        for host in ["127.0.0.1", "[::1]"] {
            let at = format!("{scheme}://{host}:0");
            let narrow = ServerProcess::start_at("epoll", "echo", &at, &[]);
            let first = format!("process {}", narrow.pid().as_raw_nonzero());
            let wide = format!("{scheme}://:{}", port(&narrow));
            let said = ServerProcess::refusal("epoll", &wide, &[]);
            assert!(said.contains(&first), "{wide} against {}: {said}", narrow.endpoint);
            narrow.stop();
        }
    }
}

/// Another program has the port at another address: that is nobody's trouble, and nobody's name.
#[test]
fn the_holder_is_the_one_of_that_address() {
    let other = ServerProcess::start_at("epoll", "echo", "tcp://127.0.0.2:0", &[]);
    let port = other.endpoint.rsplit_once(':').unwrap().1;
    let at = format!("tcp://127.0.0.1:{port}");
    let holder = ServerProcess::start_at("epoll", "echo", &at, &[]);
    let said = ServerProcess::refusal("epoll", &at, &[]);
    assert!(said.contains(&format!("process {}", holder.pid().as_raw_nonzero())), "{said}");
    other.stop();
    holder.stop();
}

fn path(at: &str) -> &Path {
    Path::new(at.split_once(':').unwrap().1)
}

#[test]
fn a_stale_socket_file_is_replaced_and_goes_with_its_server() {
    for engine in ENGINES {
        for transport in [Transport::Unix, Transport::Unixgram] {
            let dir = tempfile::tempdir().unwrap();
            let file = dir.path().join("a socket");
            let scheme = if transport == Transport::Unix { "unix" } else { "unixgram" };
            let at = format!("{scheme}:{}", file.display());
            if transport == Transport::Unix {
                drop(UnixListener::bind(&file).unwrap());
            } else {
                drop(UnixDatagram::bind(&file).unwrap());
            }
            assert!(file.exists(), "what a server leaves that was killed");
            let server = ServerProcess::start_at(engine, "echo", &at, &[]);
            let said = ServerProcess::refusal(engine, &at, &[]);
            assert!(said.contains("engine_server (process"), "{said}");
            let client = Client::connect(transport, &server.endpoint);
            client.echoes(b"a child has come and gone, or is there");
            assert!(file.exists(), "{engine}");
            drop(client);
            Client::connect(transport, &server.endpoint).echoes(b"and nobody took the file");
            server.stop();
            assert!(!file.exists(), "{engine} {transport:?}");
        }
    }
}

#[test]
fn a_file_that_somebody_else_put_there_stays() {
    for engine in ENGINES {
        let server = ServerProcess::start(engine, "echo", Transport::Unix, &[]);
        let file = path(&server.endpoint).to_owned();
        std::fs::remove_file(&file).unwrap();
        let _theirs = UnixListener::bind(&file).unwrap();
        let endpoint = server.endpoint.clone();
        server.ask();
        server.wait_and(|| assert!(file.exists(), "{engine} {endpoint}"));
    }
}

/// A file with data in it refuses connections as a stale socket does; it is not ours to remove.
#[test]
fn a_file_that_is_no_socket_stays() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("diary");
    std::fs::write(&file, "dear diary").unwrap();
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for place in [&file, &link, &dir.path().to_owned()] {
        for scheme in ["unix", "unixgram"] {
            let at = format!("{scheme}:{}", place.display());
            let said = ServerProcess::refusal("epoll", &at, &[]);
            assert!(said.contains("no socket lies there"), "{said}");
        }
    }
    assert_eq!(std::fs::read_to_string(&link).unwrap(), "dear diary");
}

/// A port at which nobody listens, and that is a connection's all the same.
#[test]
fn what_is_left_of_a_connection_is_named_as_what_has_the_port() {
    use std::io::Read;
    use std::net::{Shutdown, TcpListener, TcpStream};
    let refused = |at: std::net::SocketAddr| {
        let server = sock::Server::new(sock::Service::each("echo", || sock_proto::protocols::Echo));
        server.listen(format!("tcp://{at}").parse().unwrap()).bind().unwrap_err().to_string()
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let there = listener.local_addr().unwrap();
    let client = TcpStream::connect(there).unwrap();
    let (mut peer, here) = listener.accept().unwrap();
    let pid = std::process::id();
    let free = |told: String| {
        let (before, cure) = told.split_once("or choose another port, such as ").unwrap();
        let (port, rest) = cure.split_once(' ').unwrap();
        assert!(port.parse::<u16>().is_ok() && rest == "(0: any free one)", "{told}");
        before.to_owned()
    };
    let told = free(refused(here));
    let whole = format!("(process {pid}) with {there} has it: end it (kill {pid}), ");
    assert!(told.contains("; a connection of ") && told.ends_with(&whole), "{told}");
    // Whoever ends first is remembered.
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(peer.read(&mut [0]).unwrap(), 0);
    drop(peer);
    assert_eq!((&client).read(&mut [0]).unwrap(), 0);
    drop(client);
    let told = free(refused(here));
    let whole =
        format!("; a connection with {there} that is over has it: wait a minute (TIME_WAIT), ");
    assert!(told.ends_with(&whole), "{told}");
}

#[test]
fn the_port_that_is_named_instead_is_free() {
    use std::net::{TcpListener, UdpSocket};
    for scheme in ["tcp", "udp"] {
        // Others bind at the same time: two in a row are found sooner or later.
        let (first, ports, _kept) = std::iter::repeat_with(|| {
            let bind = |port: u16| -> std::io::Result<(u16, Box<dyn std::any::Any>)> {
                let at = ("127.0.0.1", port);
                if scheme == "udp" {
                    let socket = UdpSocket::bind(at)?;
                    return Ok((socket.local_addr()?.port(), Box::new(socket)));
                }
                let socket = TcpListener::bind(at)?;
                Ok((socket.local_addr()?.port(), Box::new(socket)))
            };
            let (first, one) = bind(0).ok()?;
            let (second, two) = bind(first.checked_add(1)?).ok()?;
            Some((first, [first, second], (one, two)))
        })
        .flatten()
        .next()
        .unwrap();
        let server = sock::Server::new(sock::Service::each("echo", || sock_proto::protocols::Echo));
        let at = format!("{scheme}://127.0.0.1:{first}").parse().unwrap();
        let told = server.listen(at).bind().unwrap_err().to_string();
        let (_, cure) = told.split_once("choose another port, such as ").unwrap();
        let named: u16 = cure.split(' ').next().unwrap().parse().unwrap();
        assert!(!ports.contains(&named), "{told}");
    }
}
