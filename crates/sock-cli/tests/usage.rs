//! The command line where it is wrong, and what it tells of itself: help, manual, completions, the table.

#[allow(dead_code, unused_imports, reason = "each test program uses its part of the support")]
mod support;

use std::process::Command;

use support::{Finished, Program, peer, sock};

fn run(arguments: &[&str]) -> Finished {
    Program::run(sock(arguments), b"")
}

/// What somebody sees who types each of these, all of them wrong.
fn transcript(status: i32, lines: &[&[&str]]) -> String {
    let seen = lines.iter().map(|arguments| {
        let finished = run(arguments).expect(status);
        assert_eq!(finished.text(), "", "{arguments:?}");
        format!("$ sock {}\n{}", arguments.join(" "), finished.stderr)
    });
    seen.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_bad_endpoint_points_at_the_character_that_is_wrong() {
    let seen = transcript(
        2,
        &[
            &["connect", "localhost:80x"],
            &["send", "tcp://[::1:80", "hi"],
            &["serve", "echo", "udp://127.0.0.1:70000"],
            &["serve", "http", "https://127.0.0.1:8443/"],
            &["serve", "http", "http://127.0.0.1:8000/"],
            &["connect", "https://example.org/"],
        ],
    );
    insta::assert_snapshot!(seen);
}

#[test]
fn what_is_wrong_is_named_with_its_cure() {
    let seen = transcript(
        2,
        &[
            &["serve", "ehco"],
            &["serve", "https"],
            &["serve", ".."],
            &["serve", "echo", "./site"],
            &["serve", "chat", "udp:127.0.0.1:0"],
            &["serve", "echo", "--close-after-reply"],
            &["serve", "stdio"],
            &["serve", "echo", "127.0.0.1:0", "--bind", "1600"],
            &["serve", "echo", "--engine", "steam"],
            &["serve", "--busy-poll", "echo"],
            &["serve", "chat", "127.0.0.1:0", "--engine", "fork"],
            &["connect", "7", "--linger", "10"],
            &["connect", "7", "--datagram", "0"],
            &["connect", "7", "--bind", "a b"],
            &["connect", "stdio:"],
            &["send", "7", "--escape", r"a\q"],
        ],
    );
    insta::assert_snapshot!(seen);
}

#[test]
fn the_habits_of_other_programs_are_answered_with_ours() {
    let seen = transcript(
        2,
        &[
            &["serve", "http", "--port", "8000"],
            &["serve", "echo", "-l", "8000"],
            &["serve", "echo", "*:8000"],
            &["connect", "--tls", "127.0.0.1:8443"],
            &["send", "-u", "7", "hi"],
            &["serve", "http", "-d", "site"],
            &["get", "-u", "me:secret", "http://localhost/"],
            &["get", "-fsSL", "http://localhost/"],
            &["get", "--cacert", "ca.pem", "https://localhost/"],
            &["get", "--max-time", "3", "http://localhost/"],
            &["get", "--data-urlencode", "a=b c", "http://localhost/"],
        ],
    );
    insta::assert_snapshot!(seen);
}

#[test]
fn without_a_verb_the_help_is_the_error() {
    let finished = run(&[]).expect(2);
    assert!(finished.stderr.contains("Usage: sock <COMMAND>"), "{}", finished.stderr);
}

#[test]
fn help_and_version_are_answers() {
    let help = run(&["--help"]).expect(0);
    insta::assert_snapshot!(help.text());
    assert_eq!(run(&["help"]).expect(0).text(), help.text());
    let verb = run(&["help", "send"]).expect(0).text();
    assert!(verb.starts_with("Send, print the reply to each, leave\n"), "{verb}");
    let version = concat!("sock ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(run(&["--version"]).expect(0).text(), version);
}

#[test]
fn every_verb_has_a_help_a_manual_page_and_completions() {
    let help = run(&["help"]).text();
    let verbs: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .collect();
    assert!(verbs.contains(&"serve") && verbs.contains(&"connect"), "{help}");
    let script = run(&["completions", "bash"]).expect(0).text();
    for verb in verbs {
        let usage = format!("Usage: sock {verb}");
        let text = run(&["help", verb]).expect(0).text();
        assert!(text.contains(&usage), "{text}");
        let page = run(&["man", verb]).expect(0).text();
        assert!(page.contains(&format!(".TH sock-{verb} 1")), "{page}");
        assert!(page.contains(&format!("\\fBsock {verb}\\fR")), "{page}");
        assert!(script.contains(&format!("sock__subcmd__{verb}")), "{verb}");
        // It documents nothing that the verb does not take.
        assert!(!page.contains("\\-\\-version"), "{page}");
        run(&[verb, "--version"]).expect(2);
    }
    let finished = run(&["man", "walk"]).expect(2);
    assert!(finished.stderr.starts_with("sock: there is no verb 'walk'; there are serve, "));
}

#[test]
fn a_manual_page_has_the_lines_of_the_help() {
    let page = run(&["man", "trace"]).expect(0).text();
    assert!(page.contains("\\fBsock trace\\fR [OPTIONS] [\\-\\- <PROGRAM>...]\n"), "{page}");
    let example = ".nf\n  sock trace \\-\\-repeat 20 \\-\\- ./server \\-\\- ./client\n.fi\n";
    assert!(page.contains(example), "{page}");
    assert!(page.contains(".br\nExit status: "), "{page}");
    let bench = run(&["help", "bench"]).expect(0).text();
    assert!(bench.contains("\nExamples:\n  sock bench 50007  "), "{bench}");
}

#[test]
fn shells_take_the_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell]).expect(0).stdout;
        assert!(script.len() > 1000, "{shell}");
        let script_text = String::from_utf8_lossy(&script);
        assert!(script_text.contains("no-trace"), "{shell} offers what the demo has for people");
        for own in ["--tell", "-l tell"] {
            assert!(!script_text.contains(own), "{shell} offers what the demo keeps for itself");
        }
        if shell == "bash" {
            let mut check = peer("bash").expect("this test needs bash");
            check.arg("-n");
            Program::run(check, &script).expect(0);
        }
    }
}

#[test]
fn the_table_of_services_is_shown_to_people_and_to_scripts() {
    insta::assert_snapshot!(run(&["serve", "--list"]).expect(0).text());
    let in_full = run(&["serve", "--list", "-v"]).expect(0).text();
    insta::assert_snapshot!("the_table_of_services_in_full", in_full);
    let mut told = in_full.lines().filter(|line| line.starts_with(' '));
    assert!(told.all(|line| line.chars().count() <= 80), "{in_full}");
    let lines = run(&["serve", "--list", "--json"]).expect(0).text();
    let rows: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(rows.len(), sock_proto::protocols::TABLE.len());
    for (row, json) in sock_proto::protocols::TABLE.iter().zip(&rows) {
        assert_eq!(json["service"], row.name);
        assert_eq!(json["help"], row.help);
        assert_eq!(json["endpoints"].as_array().map(Vec::len), Some(row.endpoints().len()));
    }
    let echo = rows.iter().find(|row| row["service"] == "echo").expect("echo is there");
    assert_eq!(
        echo["endpoints"],
        serde_json::json!(["tcp://127.0.0.1:50007", "udp://127.0.0.1:50007"])
    );
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let mut shell = Command::new("sh");
    let sock = env!("CARGO_BIN_EXE_sock");
    // Nobody reads the pipe: the other side of it is closed before anything is written.
    shell.args([
        "-c",
        "exec 3>&1; { read x; \"$0\" help serve; echo $? >&3; } | { exec <&-; echo >&2; }",
    ]);
    shell.arg(sock);
    let finished = Program::run(shell, b"\n");
    assert_eq!(finished.text(), "0\n", "{}", finished.stderr);
}

#[test]
fn a_keepalive_is_in_whole_seconds_that_the_system_takes() {
    for time in ["0", "1ms", "1.5s", "32768s", "99999999h"] {
        let finished = run(&["connect", &format!("--keepalive={time}"), "127.0.0.1:0"]).expect(2);
        let wrong = format!(
            "sock: invalid value '{time}' for '--keepalive[=<TIME>]': write whole seconds, 1s to 32767s\n"
        );
        assert!(finished.stderr.starts_with(&wrong), "{}", finished.stderr);
    }
    let server = support::Server::start(&["echo"], &["127.0.0.1:0"]);
    for time in ["1s", "32767s"] {
        run(&["connect", "-z", &format!("--keepalive={time}"), &server.endpoint("tcp")]).expect(0);
    }
    server.stop();
}
