//! A server on somebody else's runtime of tokio.

#![cfg(feature = "tokio")]
#![allow(clippy::unwrap_used, reason = "what fails here is the test")]

use std::net::SocketAddr;
use std::time::Duration;

use sock::engine::crew::Counts;
use sock::{Bound, Engine, ErrorKind, Run, Server, Service};
use sock_proto::protocols::{Chargen, Echo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Nothing in these tests takes longer on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

fn echo(run: &Run) -> (Bound, SocketAddr) {
    bound(Server::new(Service::each("echo", || Echo)).within(run.clone()))
}

fn bound(server: Server) -> (Bound, SocketAddr) {
    let bound = server.listen("tcp://127.0.0.1:0".parse().unwrap()).bind().unwrap();
    let port = bound.endpoints()[0].port().unwrap();
    (bound, ([127, 0, 0, 1], port).into())
}

async fn echoes(client: &mut TcpStream, bytes: &[u8]) {
    client.write_all(bytes).await.unwrap();
    let mut reply = vec![0; bytes.len()];
    timeout(DEADLINE, client.read_exact(&mut reply)).await.unwrap().unwrap();
    assert_eq!(reply, bytes);
}

/// Tells at compile time that the future may move between threads.
fn sendable<F: Future<Output = sock::Result<Counts>> + Send + 'static>(future: F) -> F {
    future
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_serves_as_a_task_and_stops_when_it_is_asked_to() {
    for workers in [1, 3] {
        let run = Run::new();
        let server = Server::new(Service::each("echo", || Echo)).within(run.clone());
        let (bound, at) = bound(server.workers(workers));
        let serving = tokio::spawn(sendable(bound.run_async()));
        for _ in 0..10 {
            let mut client = TcpStream::connect(at).await.unwrap();
            for n in 1..100 {
                echoes(&mut client, &vec![b'x'; n]).await;
            }
            client.shutdown().await.unwrap();
            assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
        }
        run.stop().ask();
        let counts = timeout(DEADLINE, serving).await.unwrap().unwrap().unwrap();
        assert_eq!(counts, Counts { sent: 49_500, received: 49_500, conversations: 10 });
    }
}

/// Whoever drops the future has closed everything: the port is free, and peers see the end.
#[tokio::test(flavor = "current_thread")]
async fn dropped_it_closes_everything() {
    let (bound, at) = echo(&Run::new());
    let serving = tokio::spawn(bound.run_async());
    let mut client = TcpStream::connect(at).await.unwrap();
    echoes(&mut client, b"hello").await;
    serving.abort();
    assert!(serving.await.unwrap_err().is_cancelled());
    let ended = timeout(DEADLINE, client.read(&mut [0; 1])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    let refused = TcpStream::connect(at).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    std::net::TcpListener::bind(at).unwrap();
}

/// One thread: a conversation that is never done, and still other tasks of the runtime and other
/// conversations have their turn.
#[tokio::test(flavor = "current_thread")]
async fn others_have_their_turn() {
    for busy_poll in [None, Some(Duration::MAX)] {
        let run = Run::new();
        let mut server = Server::new(Service::each("chargen", Chargen::default));
        if let Some(time) = busy_poll {
            server = server.busy_poll(time);
        }
        let (bound, at) = bound(server.within(run.clone()));
        let serving = tokio::spawn(bound.run_async());
        let reader = std::thread::spawn(move || {
            let mut greedy = std::net::TcpStream::connect(at).unwrap();
            let (mut all, mut buf) = (0, vec![0; 65_536]);
            while all < 20_000_000 {
                all += std::io::Read::read(&mut greedy, &mut buf).unwrap();
            }
        });
        let mut turns = 0_u64;
        while !reader.is_finished() {
            timeout(DEADLINE, tokio::task::yield_now()).await.unwrap();
            turns += 1;
        }
        reader.join().unwrap();
        // At most a MiB and a piece leave in a turn, of 20 MB.
        assert!(turns >= 15, "others had {turns} turns");
        // A timer of the runtime's goes off beside it.
        timeout(DEADLINE, tokio::time::sleep(Duration::from_millis(1))).await.unwrap();
        run.stop().ask();
        run.stop().ask();
        timeout(DEADLINE, serving).await.unwrap().unwrap().unwrap();
    }
}

#[test]
fn it_is_found_by_its_name() {
    assert_eq!("tokio".parse::<Engine>().unwrap(), Engine::Tokio);
    let unknown = "steam".parse::<Engine>().unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::InvalidArgument);
    assert!(unknown.to_string().contains("tokio"));
}
