//! What is said when it starts: where to look, who else can, what is locked.

use serde_json::Value;

use crate::support::{Program, Server, sock};
use crate::{Place, Web};

fn root(place: &Place) -> &str {
    place.root.to_str().expect("UTF-8")
}

#[test]
fn people_are_told_what_to_open() {
    let place = Place::with(&[]);
    let mut web = Web::serve(&place.root, &["--max-conns", "9"]);
    let port = web.port;
    assert_eq!(web.program.error_line(), format!("open http://127.0.0.1:{port}/ in a browser"));
    let rest = web.stop();
    assert!(rest.starts_with("stopped after 0 conversations"), "{rest}");
}

#[test]
fn scripts_are_told_after_the_endpoints() {
    let place = Place::with(&[]);
    let mut server = Server::start(&["http", root(&place)], &["tcp:127.0.0.1:0", "tcp:[::1]:0"]);
    let note = server.event_named("note");
    assert_eq!(note["code"], "open", "{note}");
    assert_eq!(note["text"], format!("open http://127.0.0.1:{}/ in a browser", server.port("tcp")));
    let second: Value = server.event();
    assert!(second["text"].as_str().is_some_and(|it| it.starts_with("open http://[::1]:")));
    server.stop();
}

#[test]
fn who_listens_on_every_interface_is_warned() {
    let place = Place::with(&[]);
    let warned = |endpoint: &str, options: &[&str]| {
        let web = Web::start(&[&[root(&place), endpoint], options].concat());
        let port = web.port;
        let rest = web.stop();
        let line = rest.lines().find(|line| line.starts_with("careful: "))?;
        assert!(line.contains(&format!(":{port}")), "{line}");
        Some(line.to_owned())
    };
    for endpoint in [":0", "tcp:0.0.0.0:0", "tcp:[::]:0"] {
        let line = warned(endpoint, &[]).expect("a warning");
        assert!(line.contains("can read /") && line.contains("root; "), "{line}");
    }
    let line = warned(":0", &["--upload"]).expect("a warning");
    assert!(line.contains("can read and store files in /"), "{line}");
    assert_eq!(warned("127.0.0.1:0", &[]), None);
    assert_eq!(warned("127.0.0.1:0", &["--auth", "me:word"]), None);
    let line = warned(":0", &["--auth", "me:word"]).expect("a warning");
    assert!(
        line.contains("the password and what is served go over the network as plain text"),
        "{line}"
    );
    assert_eq!(warned(":0", &["--allow", "10.0.0.0/8"]), None);
}

#[test]
fn a_unix_socket_is_opened_by_curl() {
    let place = Place::with(&[]);
    let socket = place.around.path().join("socket");
    let endpoint = format!("unix:{}", socket.display());
    let mut program = Program::start(sock(&["serve", "http", root(&place), &endpoint]));
    program.error_line_with("listening on unix:");
    let line = program.error_line();
    assert_eq!(line, format!("try curl --unix-socket {} http://localhost/", socket.display()));
}

#[test]
fn a_program_for_the_browser_without_a_page_at_the_root_is_told_at_once() {
    let told = |place: &Place| {
        let rest = Web::serve(&place.root, &["--spa"]).stop();
        rest.contains("careful: there is no index.html in /")
    };
    assert!(told(&Place::with(&[("other.html", b"x")])));
    assert!(!told(&Place::with(&[("index.html", b"x")])));
}
