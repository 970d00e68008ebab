//! Ranges of files on every engine: by the kernel, or by reading where somebody watches the bytes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use sock::{Endpoint, Engine, FileSource, Input, Out, Protocol, Run, Server, Service};
use sock_proto::{Event, Interest, Observer, Source, Span, What};

/// More than a socket's buffers hold, and no multiple of anything.
const LEN: u64 = 9_000_001;

fn pattern(len: u64) -> Vec<u8> {
    (0..len).map(|n| (n % 251) as u8).collect()
}

fn file() -> (File, Arc<FileSource>) {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&pattern(LEN)).unwrap();
    let source = FileSource::from(file.try_clone().unwrap());
    (file, Arc::new(source))
}

struct Sends(Arc<dyn Source>);

impl Protocol for Sends {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        if let Input::Data(_) = input {
            out.send(b"head");
            out.send_range(Span::new(Arc::clone(&self.0), 1, LEN - 1));
            out.send(b"tail");
            out.finish();
        }
    }
}

/// Serves `source` with `engine` while `client` talks to it.
fn serve(engine: Engine, run: Run, source: Arc<FileSource>, client: impl FnOnce(TcpStream)) {
    let service = Service::each("sends", move || Sends(source.clone()));
    let listen = "tcp://127.0.0.1:0".parse().unwrap();
    let bound = Server::new(service).within(run).engine(engine).listen(listen).bind().unwrap();
    let Endpoint::Tcp(_, port) = bound.endpoints()[0] else { panic!("no tcp") };
    let stop = bound.within().stop().clone();
    std::thread::scope(|scope| {
        let server = scope.spawn(|| bound.run().unwrap());
        client(TcpStream::connect(("127.0.0.1", port)).unwrap());
        stop.ask();
        server.join().unwrap();
    });
}

/// The engines that run among the threads of a test.
fn engines() -> impl Iterator<Item = Engine> {
    Engine::ALL.into_iter().filter(|engine| *engine != Engine::Fork)
}

#[test]
fn a_range_arrives_to_the_byte_on_every_engine() {
    for engine in engines() {
        let (_, source) = file();
        serve(engine, Run::new(), source, |mut client| {
            client.write_all(b"go").unwrap();
            let mut came = Vec::new();
            client.read_to_end(&mut came).unwrap();
            let wanted = [b"head", &pattern(LEN)[1..], b"tail"].concat();
            assert!(came == wanted, "{engine}: {} B came", came.len());
        });
    }
}

/// Counts the bytes that it is told of.
#[derive(Default)]
struct Watches(Mutex<Vec<u8>>);

impl Observer for Watches {
    fn event(&self, event: &Event<'_>) {
        if let What::Sent { bytes, .. } = event.what {
            self.0.lock().unwrap().extend_from_slice(bytes);
        }
    }

    fn interest(&self) -> Interest {
        Interest::DATA
    }
}

#[test]
fn who_watches_the_bytes_gets_those_of_ranges() {
    let (_, source) = file();
    let watches = Arc::new(Watches::default());
    serve(Engine::Epoll, Run::new().observed_by(watches.clone()), source, |mut client| {
        client.write_all(b"go").unwrap();
        client.read_to_end(&mut Vec::new()).unwrap();
    });
    let wanted = [b"head", &pattern(LEN)[1..], b"tail"].concat();
    assert!(*watches.0.lock().unwrap() == wanted);
}

#[test]
fn a_file_that_shrinks_on_the_way_cuts_the_conversation_short() {
    for engine in engines() {
        let (file, source) = file();
        file.set_len(5_000_000).unwrap();
        serve(engine, Run::new(), source, |mut client| {
            client.write_all(b"go").unwrap();
            let mut came = Vec::new();
            client.read_to_end(&mut came).unwrap_err();
            assert!(!came.ends_with(b"tail"), "{engine}: {} B came", came.len());
            assert!(came.len() <= 5_000_003, "{engine}: {} B came", came.len());
        });
    }
}
