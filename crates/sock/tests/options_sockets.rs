//! The options of a run are those of its sockets, from their first packet on: sockets that call,
//! that listen, that are accepted, and that take datagrams. The sockets themselves are asked.
#![allow(clippy::unwrap_used, reason = "what fails here is the test")]
#![allow(unsafe_code, reason = "a server's sockets are found among this program's own")]

use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::mpsc::channel;
use std::time::Duration;

use sock::socket::{Socket, create_server};
use sock::{Address, Caller, Endpoint, Engine, Family, Kind, Run, Server, Service, SocketOptions};
use sock_proto::protocols::{Settings, find};

/// Nothing here takes longer on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

/// None of it is any system's default.
fn chosen() -> SocketOptions {
    SocketOptions {
        no_delay: true,
        keepalive: Some(Duration::from_secs(77)),
        receive_buffer: Some(20_000),
        send_buffer: Some(30_000),
        ttl: Some(9),
        // The class AF21 of RFC 2597: its lower two bits are TCP's own (RFC 3168).
        tos: Some(0x48),
        ..SocketOptions::default()
    }
}

fn is_ip(socket: &Socket) -> bool {
    matches!(socket.family(), Family::Inet | Family::Inet6)
}

fn assert_buffers(socket: &Socket, what: &str) {
    // Linux doubles what is set, for its own use: socket(7).
    assert_eq!(socket.recv_buffer_size().unwrap(), 40_000, "{what}");
    assert_eq!(socket.send_buffer_size().unwrap(), 60_000, "{what}");
}

fn assert_chosen(socket: &Socket, what: &str) {
    assert_buffers(socket, what);
    if is_ip(socket) {
        assert_eq!(socket.ttl().unwrap(), 9, "{what}");
        assert_eq!(socket.tos().unwrap(), 0x48, "{what}");
    }
    if is_ip(socket) && socket.kind() == Kind::Stream {
        assert!(socket.no_delay().unwrap(), "{what}");
        assert!(socket.keepalive().unwrap(), "{what}");
        assert_eq!(socket.keepalive_idle().unwrap(), Duration::from_secs(77), "{what}");
    }
}

/// What the system itself gives such a socket.
fn assert_untouched(socket: &Socket, what: &str) {
    let fresh = Socket::new(socket.family(), socket.kind()).unwrap();
    // TCP itself moves the buffers of a connection until somebody sets them: tcp(7).
    if socket.kind() == Kind::Datagram {
        let receives = (socket.recv_buffer_size().unwrap(), fresh.recv_buffer_size().unwrap());
        assert_eq!(receives.0, receives.1, "{what}");
        let sends = (socket.send_buffer_size().unwrap(), fresh.send_buffer_size().unwrap());
        assert_eq!(sends.0, sends.1, "{what}");
    }
    if is_ip(socket) {
        assert_eq!(socket.ttl().unwrap(), fresh.ttl().unwrap(), "{what}");
        assert_eq!(socket.tos().unwrap(), fresh.tos().unwrap(), "{what}");
    }
    if is_ip(socket) && socket.kind() == Kind::Stream {
        assert!(!socket.keepalive().unwrap(), "{what}");
    }
}

/// Each transport, with a place for its socket file.
fn endpoints(dir: &tempfile::TempDir) -> Vec<Endpoint> {
    let path = |name: &str| dir.path().join(name).display().to_string();
    let texts = [
        "tcp://127.0.0.1:0".to_owned(),
        "tcp://[::1]:0".to_owned(),
        "udp://127.0.0.1:0".to_owned(),
        "udp://[::1]:0".to_owned(),
        format!("unix:{}", path("stream")),
        format!("unixgram:{}", path("datagram")),
    ];
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// Asks a run to end, whatever becomes of the test.
struct Asks<'a>(&'a Run);

impl Drop for Asks<'_> {
    fn drop(&mut self) {
        self.0.stop().ask();
        self.0.stop().ask();
    }
}

/// Serves echo at `endpoint` with `options` for as long as `look` takes.
fn serving(
    engine: Engine,
    endpoint: &Endpoint,
    options: SocketOptions,
    look: impl FnOnce(&Endpoint),
) {
    let run = Run::new();
    let service = Service::of_row(find("echo").unwrap(), &Settings::default()).unwrap();
    let server = Server::new(service).listen(endpoint.clone()).engine(engine).options(options);
    let bound = server.within(run.clone()).bind().unwrap();
    let at = bound.endpoints()[0].clone();
    let (tell, told) = channel();
    std::thread::scope(|scope| {
        scope.spawn(move || tell.send(bound.run().map(drop)));
        let asks = Asks(&run);
        look(&at);
        drop(asks);
        told.recv_timeout(DEADLINE).expect("the server ends when it is asked to").unwrap();
    });
}

/// A client that has had its echo, so that the server has its socket.
fn client(at: &Endpoint, options: SocketOptions) -> Socket {
    let socket = Caller::new().options(options).call(at).unwrap();
    socket.set_timeout(Some(DEADLINE)).unwrap();
    socket.send_all(b"hello").unwrap();
    assert_eq!(socket.recv_vec(5).unwrap(), b"hello");
    socket
}

/// The sockets of this program that are bound to `addr`.
fn bound_to(addr: &Address) -> Vec<Socket> {
    let entries = std::fs::read_dir("/proc/self/fd").unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let numbers: Vec<i32> = names.map(|name| name.parse().unwrap()).collect();
    let copied = numbers.into_iter().filter_map(|number| {
        // SAFETY: the kernel refuses a number that nobody has, and gives ours alone to the copy.
        let copy = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 0) };
        // SAFETY: the copy was just made, and nobody else knows of it.
        (copy >= 0).then(|| unsafe { OwnedFd::from_raw_fd(copy) })
    });
    let sockets = copied.filter_map(|fd| Socket::from_fd(fd).ok());
    sockets.filter(|socket| socket.local_addr().is_ok_and(|local| local == *addr)).collect()
}

#[test]
fn a_socket_that_calls_has_the_options() {
    let dir = tempfile::tempdir().unwrap();
    for endpoint in endpoints(&dir) {
        serving(Engine::Epoll, &endpoint, SocketOptions::default(), |at| {
            assert_chosen(&client(at, chosen()), &at.to_string());
            assert_untouched(&client(at, SocketOptions::default()), &at.to_string());
        });
    }
}

#[test]
fn sockets_that_listen_and_those_that_are_accepted_have_the_options() {
    for engine in [Engine::Iterative, Engine::Threads, Engine::Select, Engine::Epoll, Engine::Uring]
    {
        let dir = tempfile::tempdir().unwrap();
        for endpoint in endpoints(&dir) {
            serving(engine, &endpoint, chosen(), |at| {
                let what = format!("{engine} {at}");
                let client = client(at, SocketOptions::default());
                assert_untouched(&client, &what);
                let ours = bound_to(&client.peer_addr().unwrap());
                let (listening, others): (Vec<_>, Vec<_>) =
                    ours.iter().partition(|socket| socket.is_listening().unwrap_or(false));
                assert_eq!(listening.is_empty(), !at.is_stream(), "{what}");
                // The one that was accepted, or the one that takes the datagrams.
                assert!(!others.is_empty(), "{what}");
                for socket in &ours {
                    assert_chosen(socket, &what);
                }
            });
        }
    }
}

#[test]
fn small_pieces_wait_where_no_delay_is_off() {
    let off = SocketOptions { no_delay: false, ..SocketOptions::default() };
    for text in ["tcp://127.0.0.1:0", "tcp://[::1]:0"] {
        serving(Engine::Epoll, &text.parse().unwrap(), off.clone(), |at| {
            let client = client(at, off.clone());
            assert!(!client.no_delay().unwrap(), "{at}");
            let ours = bound_to(&client.peer_addr().unwrap());
            assert!(ours.len() >= 2, "{at}: one listens, one was accepted");
            assert!(ours.iter().all(|socket| !socket.no_delay().unwrap()), "{at}");
        });
        serving(Engine::Epoll, &text.parse().unwrap(), SocketOptions::default(), |at| {
            let client = client(at, SocketOptions::default());
            assert!(client.no_delay().unwrap(), "{at}");
            let ours = bound_to(&client.peer_addr().unwrap());
            assert!(ours.len() >= 2, "{at}: one listens, one was accepted");
            assert!(ours.iter().all(|socket| socket.no_delay().unwrap()), "{at}");
        });
    }
}

/// The header of IP and the header of TCP of the packet that began a connection.
fn first_packet(accepted: &Socket) -> (Vec<u8>, Vec<u8>) {
    let both = accepted.option_bytes(libc::IPPROTO_TCP, libc::TCP_SAVED_SYN, 1024).unwrap();
    // The header of IPv4 tells its length in words; that of IPv6 is always the same (RFC 8200).
    let is_v4 = accepted.family() == Family::Inet;
    let length = if is_v4 { usize::from(both[0] & 0xf) * 4 } else { 40 };
    let (ip, tcp) = both.split_at(length);
    (ip.to_vec(), tcp.to_vec())
}

/// By how many bits the sender of this header shifts its window (RFC 7323, section 2.2).
fn window_scale(tcp: &[u8]) -> u8 {
    let mut options = &tcp[20..];
    loop {
        options = match options {
            [3, 3, shift, ..] => return *shift,
            [1, rest @ ..] => rest,
            [_, length, ..] => &options[usize::from(*length)..],
            _ => panic!("no window scale in {tcp:?}"),
        }
    }
}

/// What a caller was told to say of itself stands in its first packet: tcp(7) says of the receive
/// buffer that later is too late.
#[test]
fn the_first_packet_of_a_call_shows_the_options() {
    for host in ["127.0.0.1", "::1"] {
        let server = create_server((host, 0)).unwrap();
        server.set_option(libc::IPPROTO_TCP, libc::TCP_SAVE_SYN, 1).unwrap();
        let at = server.local_addr().unwrap();
        let ip = at.host().unwrap();
        let call = |options| {
            let port = at.port().unwrap();
            let endpoint = Endpoint::tcp((ip, port).into());
            let client = Caller::new().options(options).call(&endpoint).unwrap();
            let (accepted, _) = server.accept().unwrap();
            drop(client);
            first_packet(&accepted)
        };
        let (ip_header, tcp_header) = call(chosen());
        let (class, hops) = if ip.is_ipv4() {
            (ip_header[1], ip_header[8])
        } else {
            (ip_header[0] << 4 | ip_header[1] >> 4, ip_header[7])
        };
        assert_eq!((class, hops), (0x48, 9), "{host}");
        // 40,000 bytes fit in the 16 bits of a window without a shift.
        assert_eq!(window_scale(&tcp_header), 0, "{host}");
        let (_, tcp_header) = call(SocketOptions::default());
        assert!(window_scale(&tcp_header) > 0, "{host}: what the system does shows no difference");
    }
}
