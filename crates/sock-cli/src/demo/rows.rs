//! The programs of the lectures, in their order.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result, ensure};
use sock::server::{Datagram, Handler, Stream, TcpServer, UdpServer};
use sock::{Caller, Endpoint, Engine};
use sock_proto::Kind;
use sock_proto::protocols::Settings;

use super::Row;
use super::client::{Beside, Leaving, Script};
use super::stage::{Played, Stage};
use super::teller::Teller;
use super::web;

pub(super) const TCP: &str = "tcp://127.0.0.1:0";
const UDP: &str = "udp://127.0.0.1:0";

pub(super) static ROWS: &[Row] = &[
    Row {
        deck: "D1",
        title: "A greeting (TCP)",
        lesson: "The server speaks first, and closes: the client reads until the end.",
        play: greeting,
        apart: false,
    },
    Row {
        deck: "D2",
        title: "Upper case over UDP",
        lesson: "No connection: one datagram there, one datagram back.",
        play: upper_udp,
        apart: false,
    },
    Row {
        deck: "D3",
        title: "Upper case over UDP, from a port of the client's own",
        lesson: "The client binds before it sends, and the server answers to where it came from.",
        play: upper_udp_bound,
        apart: false,
    },
    Row {
        deck: "D4",
        title: "Upper case over TCP",
        lesson: "One message, one answer, and the server closes this connection and keeps listening.",
        play: upper_tcp,
        apart: false,
    },
    Row {
        deck: "D5",
        title: "A chat that acknowledges",
        lesson: "TCP keeps no messages: here a line end says where one is over. Exit ends it.",
        play: ack,
        apart: false,
    },
    Row {
        deck: "D6",
        title: "Echo, one client at a time",
        lesson: "The client ends its direction (a half-close) and still hears the rest.",
        play: echo,
        apart: false,
    },
    Row {
        deck: "D7",
        title: "Echo that survives",
        lesson: "The first client resets its connection; the server goes on with the second.",
        play: robust_echo,
        apart: false,
    },
    Row {
        deck: "D8",
        title: "Echo with a thread for each client",
        lesson: "A slow client no longer holds up a quick one.",
        play: concurrent_echo,
        apart: false,
    },
    Row {
        deck: "D9",
        title: "Echo with select",
        lesson: "The same with one thread, which waits for all its sockets together.",
        play: select_echo,
        apart: false,
    },
    Row {
        deck: "D10",
        title: "Servers from a handler",
        lesson: "For TCP one call of the handler has a whole session, for UDP one message.",
        play: handlers,
        apart: true,
    },
    Row {
        deck: "D11",
        title: "A web server",
        lesson: "A request line, headers, a blank line; a status line, headers, a blank line, a body.",
        play: web::server,
        apart: false,
    },
    Row {
        deck: "D12",
        title: "A web client",
        lesson: "A URL is opened and read as text: the library writes the request and reads the headers.",
        play: web::client,
        apart: false,
    },
    Row {
        deck: "D13",
        title: "A home page by hand",
        lesson: "The first web had no headers: a line asks, the page comes, and its end is the end.",
        play: web::by_hand,
        apart: false,
    },
];

fn greeting() -> Result<Played> {
    let mut stage = Stage::new(["client", "server"])?;
    let at = stage.serve(Engine::Iterative, "greet", &Settings::default(), TCP)?;
    stage.play(&at, Script::new(&[("", "Thank you for connecting")], Leaving::WithServer))?;
    stage.finish()
}

fn upper_udp() -> Result<Played> {
    let mut stage = Stage::new(["client", "server"])?;
    let at = stage.serve(Engine::Iterative, "upper", &Settings::default(), UDP)?;
    let script = [("hello from udp client", "HELLO FROM UDP CLIENT")];
    stage.play(&at, Script::new(&script, Leaving::Finish))?;
    stage.finish()
}

fn upper_udp_bound() -> Result<Played> {
    let mut stage = Stage::new(["client1", "server"])?;
    let at = stage.serve(Engine::Iterative, "upper", &Settings::default(), UDP)?;
    // The lecture binds port 1600; here the system chooses one that is free.
    let bound = Caller::new().source((Ipv4Addr::LOCALHOST, 0).into());
    let script = Script::new(&[("hello from client1", "HELLO FROM CLIENT1")], Leaving::Finish);
    stage.cast(&at, script, &bound)?.join()?;
    stage.finish()
}

fn upper_tcp() -> Result<Played> {
    let mut stage = Stage::new(["client", "server"])?;
    let settings = Settings { close_after_reply: true, ..Settings::default() };
    let at = stage.serve(Engine::Iterative, "upper", &settings, TCP)?;
    let script = [("hello from tcp client", "HELLO FROM TCP CLIENT")];
    stage.play(&at, Script::new(&script, Leaving::WithServer))?;
    stage.finish()
}

fn ack() -> Result<Played> {
    let mut stage = Stage::new(["client", "server"])?;
    let at = stage.serve(Engine::Iterative, "ack", &Settings::default(), TCP)?;
    let script = [
        ("Hi\n", "Your data was 2 bytes\n"),
        ("How are you?\n", "Your data was 12 bytes\n"),
        ("Exit\n", "Disconnect\n"),
    ];
    stage.play(&at, Script::new(&script, Leaving::WithServer))?;
    stage.finish()
}

fn echo() -> Result<Played> {
    let mut stage = Stage::new(["client", "server"])?;
    let at = stage.serve(Engine::Iterative, "echo", &Settings::default(), TCP)?;
    stage.play(&at, Script::new(&[("one\n", "one\n"), ("two\n", "two\n")], Leaving::Finish))?;
    stage.finish()
}

fn robust_echo() -> Result<Played> {
    let mut stage = Stage::new(["first", "second", "server"])?;
    let at = stage.serve(Engine::Iterative, "echo", &Settings::default(), TCP)?;
    stage.play(&at, Script::new(&[("one\n", "one\n")], Leaving::Reset))?;
    stage.play(&at, Script::new(&[("two\n", "two\n")], Leaving::Finish))?;
    stage.finish()
}

fn concurrent_echo() -> Result<Played> {
    side_by_side(Engine::Threads)
}

fn select_echo() -> Result<Played> {
    side_by_side(Engine::Select)
}

fn side_by_side(engine: Engine) -> Result<Played> {
    let mut stage = Stage::new(["slow", "quick", "server"])?;
    let at = stage.serve(engine, "echo", &Settings::default(), TCP)?;
    let mut script = Script::new(&[("wait \n", "wait \n"), ("done\n", "done\n")], Leaving::Finish);
    let beside = Beside::default();
    script.thinks = Some(beside.clone());
    let slow = stage.cast(&at, script, &Caller::new())?;
    // The quick one comes when the slow one has been served and thinks.
    let heard = slow.heard.recv()?;
    ensure!(heard == b"wait \n", "the slow client heard {heard:?}");
    stage.play(&at, Script::new(&[("quick\n", "quick\n")], Leaving::Finish))?;
    ensure!(slow.heard.try_recv().is_err(), "the quick client waited for the slow one");
    beside.end();
    slow.join_after(&heard)?;
    stage.finish()
}

/// A handler of a lecture, and what tells of it: a classic server has no engine that would.
struct Upper(Teller);

impl Handler<Stream> for Upper {
    fn handle(&self, request: &mut Stream) -> sock::Result<()> {
        let told =
            self.0.open(Endpoint::tcp, Kind::Stream, request.socket(), request.client_address());
        let data = request.socket().recv_vec(1024)?;
        told.received(&data);
        let answer = data.to_ascii_uppercase();
        request.socket().send_all(&answer)?;
        told.sent(&answer);
        request.socket().close()?;
        told.closed();
        Ok(())
    }
}

impl Handler<Datagram> for Upper {
    fn handle(&self, request: &mut Datagram) -> sock::Result<()> {
        let told =
            self.0.open(Endpoint::udp, Kind::Datagram, request.socket(), request.client_address());
        told.received(request.data());
        let answer = request.data().to_ascii_uppercase();
        request.reply(&answer)?;
        told.sent(&answer);
        Ok(())
    }
}

fn handlers() -> Result<Played> {
    let mut stage = Stage::new(["tcp client", "udp client", "server"])?;
    let teller = stage.teller()?;
    let tcp = TcpServer::bind(("127.0.0.1", 0), Upper(teller.clone()))?;
    let udp = UdpServer::bind(("127.0.0.1", 0), Upper(teller))?;
    let at = |addr: Option<SocketAddr>| addr.context("a server has an address");
    let tcp_at = Endpoint::tcp(at(tcp.server_address().to_socket_addr())?);
    let udp_at = Endpoint::udp(at(udp.server_address().to_socket_addr())?);
    std::thread::scope(|scope| {
        let serving = [scope.spawn(|| tcp.serve_forever()), scope.spawn(|| udp.serve_forever())];
        let script = |says, hears| Script::new(&[(says, hears)], Leaving::WithServer);
        let played = stage
            .play(&tcp_at, script("a session", "A SESSION"))
            .and_then(|()| stage.play(&udp_at, script("a message", "A MESSAGE")));
        tcp.shutdown();
        udp.shutdown();
        for server in serving {
            server.join().map_err(|_| anyhow::anyhow!("a server failed"))??;
        }
        played
    })?;
    // What tells of the servers goes with them, and the record is whole.
    drop((tcp, udp));
    stage.finish()
}
