//! What the options do, and which of them are refused.

use std::fs;

use crate::client::{ask, get, request};
use crate::support::{Program, sock};
use crate::{Place, Web};

#[test]
fn no_field_is_there_twice_where_two_could_be_read_in_two_ways() {
    let place = Place::with(&[]);
    for name in ["ETag", "Last-Modified", "Accept-Ranges", "Date", "Content-Range"] {
        let field = format!("{name}: x");
        let mut command = sock(&["serve", "http", ".", "--header", &field]);
        command.current_dir(&place.root);
        let finished = Program::run(command, b"").expect(2);
        let why = format!("the server writes {name} itself");
        assert!(finished.stderr.contains(&why), "{}", finished.stderr);
    }
}

#[test]
fn what_is_wrong_is_named_with_its_cure() {
    let place = Place::with(&[("file", b"x"), ("nameless", b"secret\n")]);
    let lines: &[&[&str]] = &[
        &["serve", "http", "./none"],
        &["serve", "http", "localhost"],
        &["serve", "http", "file"],
        &["serve", "http", ".", ".."],
        &["serve", "http", "--spa"],
        &["serve", "http", "--upload", "8000"],
        &["serve", "http", "--hidden"],
        &["serve", "http", ".", "--echo"],
        &["serve", "http", ".", "--upload=much"],
        &["serve", "http", ".", "--upload=1MB"],
        &["serve", "http", ".", "--upload", "1MiB"],
        &["serve", "http", "--upload", "1MiB", "."],
        &["serve", "http", "--upload", "20M"],
        &["serve", "http", ".", "--cache", "1h"],
        &["serve", "http", ".", "--header", "X"],
        &["serve", "http", ".", "--header", "X Y: z"],
        &["serve", "http", ".", "--header", "Content-Length: 0"],
        &["serve", "http", ".", "--header", "X: a\r\nY: b"],
        &["serve", "http", ".", "--auth", "me"],
        &["serve", "http", ".", "--auth", ":"],
        &["serve", "http", ".", "--auth", "@nameless"],
        &["serve", "http", "udp:127.0.0.1:0"],
        &["serve", "echo", "--spa"],
        &["serve", "echo", "--cors"],
        &["serve", "echo", "--cache", "1"],
        &["serve", "echo", "--header", "X: y"],
        &["serve", "echo", "--auth", "me:word"],
        &["serve", "echo", "--upload"],
        &["serve", "echo", "--hidden"],
        &["serve", "upper", "--echo"],
        &["serve", "http", "--close-after-reply"],
    ];
    let seen = lines.iter().map(|arguments| {
        let mut command = sock(arguments);
        command.current_dir(&place.root);
        let finished = Program::run(command, b"").expect(2);
        assert_eq!(finished.text(), "", "{arguments:?}");
        let shown = arguments.iter().map(|word| word.escape_default().to_string());
        format!("$ sock {}\n{}", shown.collect::<Vec<_>>().join(" "), finished.stderr)
    });
    insta::assert_snapshot!(seen.collect::<Vec<_>>().join("\n"));
    let mut command = sock(&["serve", "http", ".", "--auth", "@none"]);
    command.current_dir(&place.root);
    let finished = Program::run(command, b"").expect(2);
    assert!(finished.stderr.contains("cannot read the password in none: no such file"));
}

#[test]
fn only_who_says_the_password_is_answered() {
    let place = Place::with(&[("page", b"page")]);
    fs::write(place.around.path().join("password"), "me:word\n").expect("a new file");
    let file = format!("@{}", place.around.path().join("password").display());
    for option in ["me:word", &file] {
        let web = Web::serve(&place.root, &["--auth", option]);
        let asked = get(web.port, "/page", &[]);
        assert_eq!(asked.status, 401);
        assert!(asked.field("WWW-Authenticate").is_some_and(|value| value.starts_with("Basic ")));
        // me:word, me:wrong, and none at all; RFC 7617.
        let basic = |words: &str| get(web.port, "/page", &[&format!("Authorization: {words}")]);
        assert_eq!(basic("Basic bWU6d29yZA==").text(), "page");
        for wrong in
            ["Basic bWU6d3Jvbmc=", "Basic ", "Bearer bWU6d29yZA==", "Basic !!!!", "me:word"]
        {
            assert_eq!(basic(wrong).status, 401, "{wrong}");
        }
        web.stop();
    }
}

#[test]
fn answers_get_the_fields_that_were_asked_for() {
    let place = Place::with(&[("index.html", b"app"), ("data.json", b"{}")]);
    let options =
        ["--spa", "--cors", "--cache", "60", "--header", "X-One: 1", "--header", "X-Two: a b"];
    let web = Web::serve(&place.root, &options);
    for path in ["/", "/data.json", "/a/route/of/the/app"] {
        let answer = get(web.port, path, &["Accept: text/html", "Origin: http://elsewhere"]);
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.field("X-One"), Some("1"));
        assert_eq!(answer.field("X-Two"), Some("a b"));
        assert_eq!(answer.field("Access-Control-Allow-Origin"), Some("*"));
        if path == "/data.json" {
            assert!(answer.field("Cache-Control").is_some_and(|it| it.contains("max-age=60")));
        } else {
            assert_eq!(answer.text(), "app");
        }
    }
    web.stop();
}

#[test]
fn without_a_directory_there_is_a_page_or_an_echo() {
    let web = Web::start(&["127.0.0.1:0"]);
    let page = get(web.port, "/", &[]);
    assert_eq!(page.status, 200);
    assert!(page.text().contains("sock serve http"), "{}", page.text());
    let asked = request("GET", "/", &[])
        .replace("Host: localhost", &format!("Host: 127.0.0.1:{}", web.port));
    let by_hand = format!("<pre>sock connect --crlf 127.0.0.1:{}\n", web.port);
    let page = ask(web.port, asked).text();
    assert!(page.contains(&by_hand) && page.contains("by TCP and sent these lines"), "{page}");
    web.stop();
    let web = Web::start(&["--echo", "127.0.0.1:0"]);
    let request = request("GET", "/any/thing", &["X-Mine: yes"]);
    let answer = ask(web.port, &request);
    assert!(answer.text().contains("X-Mine: yes"), "{}", answer.text());
    web.stop();
}
