//! Forms that hold files: sent to our own server and taken by it as curl's are.

use std::fs;

use crate::support::{Program, Server, peer, sock};

#[test]
fn a_file_of_a_form_is_stored_by_the_server_as_one_that_curl_sends() {
    let dir = tempfile::tempdir().unwrap();
    let site = dir.path().join("site");
    fs::create_dir(&site).unwrap();
    let content: Vec<u8> = (0..3_000_000_u32).flat_map(|n| [(n % 251) as u8]).collect();
    let name = "a \"b\" grüße.png";
    fs::write(dir.path().join(name), &content).unwrap();
    let server = Server::start(&["http", site.to_str().unwrap(), "--upload"], &["tcp:127.0.0.1:0"]);
    let url = format!("http://127.0.0.1:{}/", server.port("tcp"));
    let file = format!("file=@{name}");
    let mut command = sock(&["get", "--no-proxy", "-F", "title=a picture", "-F", &file, &url]);
    command.current_dir(dir.path());
    Program::run(command, b"").expect(0);
    let stored = || fs::read(site.join(name)).unwrap();
    assert!(stored() == content);
    fs::remove_file(site.join(name)).unwrap();
    if let Some(mut curl) = peer("curl") {
        curl.args(["-s", "--noproxy", "*", "-F", "title=a picture", "-F"]);
        let escaped = format!("file=@\"{}\"", name.replace('"', "\\\""));
        curl.args([&escaped, &url]).current_dir(dir.path());
        Program::run(curl, b"").expect(0);
        assert!(stored() == content);
    }
    server.stop();
}

/// What the teaching server has heard is what curl would have said: the same fields and parts.
#[test]
fn a_form_looks_on_the_wire_as_that_of_curl() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("page.html"), "<p>").unwrap();
    let server = Server::start(&["http", "--echo"], &["tcp:127.0.0.1:0"]);
    let url = format!("http://127.0.0.1:{}/", server.port("tcp"));
    let form = ["-F", "a=b c", "-F", "f=@page.html", "--form-string", "t=@page.html <p>"];
    // Without what each of them says of itself: the boundary, and its name.
    let parts = |finished: crate::support::Finished| {
        let text = finished.expect(0).text();
        let kept = |line: &&str| {
            ["Content-Disposition", "content-disposition", "Content-Type: text/html", "<p>", "b c"]
                .iter()
                .any(|begin| line.contains(begin))
        };
        text.lines().filter(kept).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut ours = sock(&[&["get", "-q", "--no-proxy"], &form[..], &[&url]].concat());
    ours.current_dir(dir.path());
    let ours = parts(Program::run(ours, b""));
    let heard = ours.join("\n");
    assert!(heard.contains("@page.html <p>"), "{heard}");
    assert!(heard.contains("form-data; name=\\\"a\\\"") || heard.contains("name=\"a\""), "{heard}");
    if let Some(mut curl) = peer("curl") {
        curl.args(["-s", "--noproxy", "*"]).args(form).arg(&url).current_dir(dir.path());
        assert_eq!(parts(Program::run(curl, b"")), ours);
    }
    server.stop();
}

#[test]
fn a_file_of_a_form_that_cannot_be_read_is_a_wrong_command_line() {
    for (field, why) in [
        ("file=@/nowhere/at/all", "cannot send /nowhere/at/all: no such file"),
        ("file=@-", "-F: stdin has no name"),
        ("file", "write a name, = and a value"),
    ] {
        let finished = Program::run(sock(&["get", "-F", field, "http://127.0.0.1:1/"]), b"");
        let told = finished.expect(2).stderr;
        assert!(told.contains(why), "{told}");
    }
    let media = ["-F", "a=b", "-H", "content-type: multipart/form-data", "http://127.0.0.1:1/"];
    let told = Program::run(sock(&[&["get"], &media[..]].concat()), b"").expect(2).stderr;
    assert!(
        told.contains("-F says in Content-Type where a part ends: leave that field away"),
        "{told}"
    );
}

#[test]
fn a_media_type_of_ones_own_stands_for_that_of_a_form() {
    let server = Server::start(&["http", "--echo"], &["tcp:127.0.0.1:0"]);
    let url = format!("http://127.0.0.1:{}/", server.port("tcp"));
    let form = ["get", "-q", "--no-proxy", "--form", "a=b", "-H", "Content-Type: a/b", &url];
    let heard = Program::run(sock(&form), b"").expect(0).text();
    assert!(heard.contains("a/b") && !heard.contains("urlencoded"), "{heard}");
    server.stop();
}
