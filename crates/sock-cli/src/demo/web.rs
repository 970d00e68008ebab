//! The programs D11 to D13: the web.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use sock::http::{Client, Proxies};
use sock::{Endpoint, Engine};
use sock_proto::protocols::Settings;
use sock_proto::protocols::http::{Offer, Place, Site};
use sock_proto::sim::Files;

use super::client::{Leaving, Script};
use super::rows::TCP;
use super::stage::{Played, Stage};

const PAGE: &str = "<title>Home</title>\n<h1>A home page</h1>\n";
const STYLE: &str = "h1 { color: teal }\n";
/// When the files were written, and in what a client expects: today.
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn files() -> Files {
    let changed = Files::new().moment(DATE).unwrap_or_default();
    Files::new().changed(changed).file("index.html", PAGE).file("style.css", STYLE)
}

/// A stage with a web server on it.
fn stage(names: [&str; 2]) -> Result<(Stage, Endpoint)> {
    let mut stage = Stage::new(names)?;
    let offer = Offer { place: Place::Site(Arc::new(files())), ..Offer::default() };
    let settings = Settings { http: Some(Arc::new(offer)), ..Settings::default() };
    let at = stage.serve(Engine::Iterative, "http", &settings, TCP)?;
    Ok((stage, at))
}

pub(super) fn server() -> Result<Played> {
    let (mut stage, at) = stage(["browser", "web server"])?;
    let script = [
        (
            "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
             Content-Type: text/html; charset=utf-8\r\n\
             Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nETag: \"5380dfabd42befad\"\r\n\
             Cache-Control: no-cache\r\n\
             Content-Length: 41\r\n\r\n<title>Home</title>\n<h1>A home page</h1>\n",
        ),
        (
            "GET /style.css HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
             Content-Type: text/css; charset=utf-8\r\n\
             Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nETag: \"5859d8e2d8670837\"\r\n\
             Cache-Control: no-cache\r\n\
             Content-Length: 19\r\nConnection: close\r\n\r\nh1 { color: teal }\n",
        ),
    ];
    let mut script = Script::new(&script, Leaving::WithServer);
    script.timeless = undated;
    stage.play(&at, script)?;
    stage.finish()
}

/// An answer in which today, wherever it is said, is that day.
fn undated(answer: &[u8]) -> Vec<u8> {
    const FIELD: &str = "\r\nDate: ";
    let text = String::from_utf8_lossy(answer);
    let mut parts = text.split(FIELD);
    let mut undated = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let date = part.split("\r\n").next().unwrap_or_default();
        let said = if Files::new().moment(date).is_some() { DATE } else { date };
        undated.extend([FIELD, said, &part[date.len()..]]);
    }
    undated.into_bytes()
}

pub(super) fn client() -> Result<Played> {
    let (mut stage, at) = stage(["urlopen", "web server"])?;
    let port = at.port().context("a web server has a port")?;
    let page = stage.act(|run| {
        // Its connection is kept for a second page as long as it is there.
        let urlopen = Client::of(&run).proxies(Proxies::none());
        Ok(urlopen.open(&format!("http://127.0.0.1:{port}/"))?.text()?)
    })?;
    ensure!(page == PAGE, "expected {PAGE:?}, and {page:?} came");
    stage.finish()
}

pub(super) fn by_hand() -> Result<Played> {
    let (mut stage, at) = stage(["client", "web server"])?;
    stage.play(&at, Script::new(&[("GET /\n", PAGE)], Leaving::WithServer))?;
    stage.finish()
}
