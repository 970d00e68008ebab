//! `get` against our own server: the two have to agree on what a version is.

use std::fs;

use serde_json::json;

use crate::support::{Program, Server, sock};

#[test]
fn what_our_server_serves_is_gone_on_with() {
    let dir = tempfile::tempdir().unwrap();
    let site = dir.path().join("site");
    fs::create_dir(&site).unwrap();
    let bytes: Vec<u8> = (0..200_000u32).flat_map(u32::to_le_bytes).collect();
    fs::write(site.join("file.bin"), &bytes).unwrap();
    let server = Server::start(&["http", site.to_str().unwrap()], &["tcp:127.0.0.1:0"]);
    let url = format!("http://127.0.0.1:{}/file.bin", server.port("tcp"));
    let get = |arguments: &[&str]| {
        let mut command = sock(&[&["get", "--no-proxy"], arguments, &[&url]].concat());
        command.current_dir(dir.path());
        Program::run(command, b"")
    };
    assert_eq!(get(&["-q"]).expect(0).stdout, bytes);

    // As a run that was killed would have left it.
    let head = get(&["-q", "-I"]).expect(0).text();
    let tag = head.lines().find_map(|line| line.strip_prefix("ETag: ")).unwrap().to_owned();
    let note = json!({ "url": &url, "answered": &url, "validator": &tag, "total": bytes.len(), "len": 300_000 })
        .to_string();
    let leave = |note: &str| {
        fs::write(dir.path().join("file.part"), &bytes[..300_000]).unwrap();
        fs::write(dir.path().join("file.part.json"), note).unwrap();
    };
    leave(&note);
    let finished = get(&["-C", "-o", "file", "--show-wire"]).expect(0);
    assert!(finished.stderr.contains("Range: bytes=300000-"), "{}", finished.stderr);
    assert!(finished.stderr.contains("\"HTTP/1.1 206 Partial Content"), "{}", finished.stderr);
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), bytes);

    // Of another version nothing is kept, not even where the rest would be the same.
    leave(&note.replace(&tag.replace('"', "\\\""), "\\\"another\\\""));
    let finished = get(&["-C", "-o", "file", "--show-wire"]).expect(0);
    assert!(finished.stderr.contains("If-Range: \\\"another\\\""), "{}", finished.stderr);
    assert!(finished.stderr.contains("\"HTTP/1.1 200 OK"), "{}", finished.stderr);
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), bytes);

    // What nothing proves does not count, and that is said.
    fs::write(dir.path().join("file.part"), &bytes[..300_000]).unwrap();
    let finished = get(&["-C", "-o", "file"]).expect(0);
    let told = "file: begun anew, without the 292.97 KiB of file.part: no file.part.json proves of which version";
    assert!(finished.stderr.contains(told), "{}", finished.stderr);
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), bytes);

    // A method that a server does not know it will not know later.
    let told = get(&["-X", "DELETE"]).expect(1).stderr;
    assert!(told.contains("501 Not Implemented; the server does not know this method"), "{told}");

    let finished = get(&["-q", "-O", "--parallel", "2"]).expect(0);
    assert_eq!(finished.stderr, "");
    assert_eq!(fs::read(dir.path().join("file.bin")).unwrap(), bytes);
    server.stop();
}

#[test]
fn within_tls_a_server_is_trusted_by_its_file_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("site")).unwrap();
    fs::write(dir.path().join("site/page"), "behind TLS\n").unwrap();
    let (site, pem) = (dir.path().join("site"), dir.path().join("pem"));
    let pem = pem.to_str().unwrap();
    let service = ["http", site.to_str().unwrap(), "--cert-out", pem];
    let server = Server::start(&service, &["tls:127.0.0.1:0"]);
    let url = format!("https://127.0.0.1:{}/page", server.port("tls"));
    let get = |arguments: &[&str]| {
        let mut command = sock(&[&["get", "--no-proxy"], arguments, &[&url]].concat());
        command.current_dir(dir.path());
        Program::run(command, b"")
    };
    let finished = get(&["-q", "-o", "file"]).expect(7);
    assert!(
        finished.stderr.contains("trust it by its own file with --ca FILE"),
        "{}",
        finished.stderr
    );
    assert!(!dir.path().join("file").exists() && !dir.path().join("file.part").exists());
    let finished = get(&["--ca", pem, "--timing", "--tls-info"]).expect(0);
    assert_eq!(finished.text(), "behind TLS\n");
    assert!(finished.stderr.contains(", TLS "), "{}", finished.stderr);
    let finished = get(&["--insecure", "-o", "file"]).expect(0);
    assert!(finished.stderr.contains("WARNING: --insecure"), "{}", finished.stderr);
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"behind TLS\n");
    server.stop();
}

#[test]
fn what_is_to_be_done_about_a_password_and_a_missing_directory_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let site = dir.path().to_str().unwrap();
    let server = Server::start(&["http", site, "--auth", "me:right"], &["tcp:127.0.0.1:0"]);
    let url = format!("http://127.0.0.1:{}/", server.port("tcp"));
    let get = |arguments: &[&str]| {
        let mut command = sock(&[&["get", "--no-proxy"], arguments].concat());
        command.current_dir(dir.path());
        Program::run(command, b"")
    };
    let named = url.replace("//", "//me:wrong@");
    for head in [&[][..], &["-I"]] {
        let ends = |arguments: &[&str], cure: &str| {
            let told = get(&[head, arguments].concat()).expect(1).stderr;
            assert!(told.contains("401 Unauthorized") && told.contains(cure), "{told}");
        };
        ends(&[&url], "say who you are: --user NAME:PASSWORD");
        ends(&["--user", "me:wrong", &url], "this name or password was not accepted");
        ends(&[&named], "this name or password was not accepted");
        ends(&["--bearer", "token", &url], "this token was not accepted");
    }
    let told = get(&["-o", "sub/", "http://127.0.0.1:1/x"]).expect(1).stderr;
    assert!(told.contains("there is no directory sub/"), "{told}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left");
    server.stop();
}
