//! The web client within TLS: whom it trusts, and what an end is.

#![allow(clippy::unwrap_used, reason = "tests, though not every function here is one")]

mod scripted;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use scripted::{Web, act, client, page};
use sock::http::{Client, Proxies};
use sock::tls::ClientTls;
use sock::{ErrorKind, Run};
use sock_proto::{By, Event, How, Observer, Transport, What};

type Talk = StreamOwned<ServerConnection, TcpStream>;

/// A server with a certificate of its own for `localhost`, and the file by which it is trusted.
struct Secure {
    addr: SocketAddr,
    ca: PathBuf,
    thread: JoinHandle<()>,
    _dir: tempfile::TempDir,
}

impl Secure {
    fn new(play: impl FnOnce(&mut Talk) + Send + 'static) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let dir = tempfile::tempdir().unwrap();
        let ca = dir.path().join("ca.pem");
        std::fs::write(&ca, made.cert.pem()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let thread = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let connection = ServerConnection::new(Arc::new(config)).unwrap();
            let mut talk = StreamOwned::new(connection, stream);
            play(&mut talk);
        });
        Self { addr, ca, thread, _dir: dir }
    }

    fn url(&self) -> String {
        format!("https://localhost:{}/", self.addr.port())
    }

    fn trusted(&self) -> Client {
        client().tls(ClientTls::new().ca(&self.ca))
    }
}

fn request(talk: &mut Talk) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        talk.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

fn end(talk: &mut Talk) {
    talk.conn.send_close_notify();
    talk.flush().unwrap();
}

#[test]
fn a_server_that_is_trusted_is_read() {
    let web = Secure::new(|talk| {
        for body in ["one", "two"] {
            assert!(request(talk).starts_with("GET / HTTP/1.1\r\nHost: localhost:"));
            talk.write_all(&page(body)).unwrap();
        }
        assert_eq!(talk.read(&mut [0]).unwrap(), 0, "the client says good-bye");
    });
    let client = web.trusted();
    for body in ["one", "two"] {
        let response = client.open(&web.url()).unwrap();
        assert_eq!(response.timing().tls.is_some(), body == "one");
        assert_eq!(response.text().unwrap(), body);
    }
    drop(client);
    web.thread.join().unwrap();
}

#[test]
fn who_is_not_trusted_is_not_asked() {
    let web = Secure::new(|talk| assert!(talk.read(&mut [0]).is_err()));
    let elsewhere = Secure::new(|_| {});
    let error = elsewhere.trusted().open(&web.url()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls);
    let text = error.to_string();
    assert!(text.starts_with(&format!("cannot speak TLS with {}: ", web.url())), "{text}");
    web.thread.join().unwrap();
    let web = Secure::new(|talk| assert!(talk.read(&mut [0]).is_err()));
    let error = web.trusted().open(&format!("https://127.0.0.1:{}/", web.addr.port())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    web.thread.join().unwrap();
    // It waits for somebody to call.
    drop(TcpStream::connect(elsewhere.addr));
}

#[test]
fn an_end_without_good_bye_is_no_end() {
    for is_polite in [true, false] {
        let web = Secure::new(move |talk| {
            request(talk);
            talk.write_all(b"HTTP/1.0 200 OK\r\n\r\nall of it?").unwrap();
            if is_polite {
                end(talk);
            }
        });
        let outcome = web.trusted().open(&web.url()).unwrap().bytes();
        match (is_polite, outcome) {
            (true, Ok(body)) => assert_eq!(body, b"all of it?"),
            (false, Err(error)) => {
                assert_eq!(error.kind(), ErrorKind::CutShort);
                assert_eq!(error.shortfall().unwrap().received, 10);
                assert!(error.to_string().contains("close_notify"), "{error}");
            }
            (_, outcome) => panic!("{is_polite}: {outcome:?}"),
        }
        web.thread.join().unwrap();
    }
    let web = Secure::new(|talk| {
        request(talk);
        talk.write_all(&page("its length says where it ends")).unwrap();
    });
    let body = web.trusted().open(&web.url()).unwrap().text().unwrap();
    assert_eq!(body, "its length says where it ends");
    web.thread.join().unwrap();
}

#[test]
fn a_large_body_arrives_in_both_framings() {
    let body: Vec<u8> = (0..1_000_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let (sent, expected) = (body.clone(), body);
    let web = Secure::new(move |talk| {
        request(talk);
        write!(talk, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", sent.len()).unwrap();
        talk.write_all(&sent).unwrap();
        request(talk);
        write!(talk, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        for chunk in sent.chunks(70_001) {
            write!(talk, "{:x}\r\n", chunk.len()).unwrap();
            talk.write_all(chunk).unwrap();
            talk.write_all(b"\r\n").unwrap();
        }
        talk.write_all(b"0\r\n\r\n").unwrap();
    });
    let client = web.trusted();
    for _ in 0..2 {
        assert!(client.open(&web.url()).unwrap().bytes().unwrap() == expected, "other bytes");
    }
    web.thread.join().unwrap();
}

#[test]
fn a_proxy_passes_on_what_it_cannot_read() {
    let web = Secure::new(|talk| {
        request(talk);
        talk.write_all(&page("through a tunnel")).unwrap();
        end(talk);
    });
    let to = web.addr;
    let proxy = Web::new([act(move |talk| {
        let head = talk.request();
        assert!(head.starts_with("CONNECT localhost:"), "{head}");
        let server = TcpStream::connect(to).unwrap();
        talk.say("HTTP/1.1 200 Connected\r\n\r\n");
        let peer = &talk.peer;
        std::thread::scope(|both| {
            // Either side may throw its end away when it has what it wants.
            both.spawn(|| drop(std::io::copy(&mut &server, &mut &*peer)));
            drop(std::io::copy(&mut &*peer, &mut &server));
            drop(server.shutdown(std::net::Shutdown::Both));
        });
    })]);
    let through = Proxies::all(&format!("http://{}", proxy.addr), "");
    let client = web.trusted().proxies(through);
    assert_eq!(client.open(&web.url()).unwrap().text().unwrap(), "through a tunnel");
    drop(client);
    web.thread.join().unwrap();
    proxy.done();
}

#[test]
fn who_mixes_up_http_and_https_is_told() {
    let web = Secure::new(|talk| assert!(talk.read(&mut [0]).is_err()));
    let error = client().open(&web.url().replace("https", "http")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
    assert!(error.to_string().ends_with("the server speaks TLS; ask for https://"), "{error}");
    web.thread.join().unwrap();
    let plain = Web::new([act(|talk| {
        talk.say("HTTP/1.1 400 What?\r\n\r\n");
        talk.until_closed();
    })]);
    let error =
        client().tls(ClientTls::new().insecure()).open(&plain.url("/").replace("http", "https"));
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    let cure = format!("the server does not speak TLS; without it: {}", plain.url("/"));
    assert!(error.to_string().ends_with(&cure), "{error}");
}

#[test]
fn what_is_put_into_the_conversation_is_told_behind_what_was_said_in_it() {
    for field in ["", "Content-Length: 20\r\n", "Transfer-Encoding: chunked\r\n"] {
        let web = Secure::new(move |talk| {
            request(talk);
            let size = if field.contains("chunked") { "5\r\n" } else { "" };
            write!(talk, "HTTP/1.1 200 OK\r\n{field}\r\n{size}hello").unwrap();
            talk.sock.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            assert!(talk.read(&mut [0]).is_err());
        });
        let mut response = web.trusted().open(&web.url()).unwrap();
        let mut body = Vec::new();
        let error = response.read_to_end(&mut body).unwrap_err();
        assert_eq!(body, b"hello", "{field}");
        let text = error.to_string();
        assert!(text.contains("bytes came that are no part of the conversation"), "{text}");
        assert!(!text.contains("without it"), "{text}");
        drop(response);
        web.thread.join().unwrap();
    }
}

/// Keeps what was said.
#[derive(Default)]
struct Story(Mutex<Vec<String>>);

impl Observer for Story {
    fn event(&self, event: &Event<'_>) {
        let line = if let What::Open { remote, .. } = event.what {
            assert_eq!(remote.transport(), Transport::Tls);
            "open".to_owned()
        } else if let What::Sent { bytes, .. } | What::Received { bytes, .. } = event.what {
            String::from_utf8_lossy(bytes).into_owned()
        } else if let What::Closed { sent, received, .. } = event.what {
            format!("closed {sent} {received}")
        } else {
            return;
        };
        self.0.lock().unwrap().push(line);
    }
}

#[test]
fn what_is_told_is_what_was_said_within() {
    let web = Secure::new(|talk| {
        request(talk);
        talk.write_all(&page("in the open")).unwrap();
        end(talk);
    });
    let story = Arc::new(Story::default());
    let run = Run::new().observed_by(Arc::clone(&story) as Arc<dyn Observer>);
    let client = Client::of(&run).proxies(Proxies::none()).tls(ClientTls::new().ca(&web.ca));
    client.open(&web.url()).unwrap().text().unwrap();
    drop(client);
    let story = story.0.lock().unwrap();
    assert_eq!(story[0], "open");
    assert!(story[1].starts_with("GET / HTTP/1.1\r\n"));
    let received = String::from_utf8(page("in the open")).unwrap();
    assert_eq!(
        story[2..],
        [received.clone(), format!("closed {} {}", story[1].len(), received.len())]
    );
    web.thread.join().unwrap();
}

/// Keeps how conversations ended.
#[derive(Default)]
struct Ends(Mutex<Vec<(By, How)>>);

impl Observer for Ends {
    fn event(&self, event: &Event<'_>) {
        if let What::Closed { reason, .. } = event.what {
            self.0.lock().unwrap().push((reason.by, reason.how));
        }
    }
}

#[test]
fn who_has_a_whole_answer_takes_the_good_bye_behind_it_and_resets_nothing() {
    let (ended, told) = std::sync::mpsc::channel();
    let web = Secure::new(move |talk| {
        request(talk);
        talk.write_all(&page("all of it")).unwrap();
        end(talk);
        ended.send(()).unwrap();
        // The end, and no reset.
        let mut byte = [0];
        assert_eq!(talk.read(&mut byte).unwrap(), 0, "the client says good-bye");
        assert_eq!(talk.sock.read(&mut byte).unwrap(), 0, "and ends");
    });
    let ends = Arc::new(Ends::default());
    let run = Run::new().observed_by(Arc::clone(&ends) as Arc<dyn Observer>);
    let client = Client::of(&run).proxies(Proxies::none()).tls(ClientTls::new().ca(&web.ca));
    let text = client.open(&web.url()).unwrap().text().unwrap();
    assert_eq!(text, "all of it");
    told.recv().unwrap();
    drop(client);
    assert_eq!(*ends.0.lock().unwrap(), [(By::Peer, How::Fin)]);
    web.thread.join().unwrap();
}
