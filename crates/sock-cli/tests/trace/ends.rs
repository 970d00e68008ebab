//! The command itself: which program starts when, what is drawn, what is counted, what is refused.

use sock_record::{CallKind, Line, Proc};

use crate::bench::Bench;
use crate::support::{Program, sock};

#[test]
fn the_second_program_starts_when_the_first_listens() {
    let Some(bench) = Bench::new() else { return };
    let traced = bench.pair("iterative", ("one", &[]));
    let listen = traced.calls().find(|call| call.call == CallKind::Listen).unwrap();
    let starts: Vec<&Proc> = traced
        .lines
        .iter()
        .filter_map(|line| if let Line::Proc(proc) = line { Some(proc) } else { None })
        .filter(|proc| proc.how == "start".into())
        .collect();
    assert_eq!(starts.len(), 2);
    assert!(starts[1].t >= listen.exit.unwrap(), "{starts:?}");
    assert!(
        traced.calls().all(|call| call.err.as_deref() != Some("ECONNREFUSED")),
        "it came to nobody too early"
    );
}

#[test]
fn a_third_program_starts_when_the_second_calls_the_first() {
    let Some(bench) = Bench::new() else { return };
    let one = || bench.actor("one", &[]);
    let traced = bench.trace(&[], &[bench.actor("select", &[]), one(), one(), one()]);
    assert_eq!(traced.is_whole().printed().1, 0, "{}", traced.finished.stderr);
    assert!(!traced.finished.stderr.contains("ended before"), "{}", traced.finished.stderr);
    assert!(
        !traced.lines.iter().any(|line| matches!(line, Line::Note(note) if note.code == "start"))
    );
    let procs = traced
        .lines
        .iter()
        .filter_map(|line| if let Line::Proc(proc) = line { Some(proc) } else { None });
    let mut starts = procs.filter(|proc| proc.how == "start".into()).map(|proc| proc.t);
    let connected = traced.calls().find(|call| call.call == CallKind::Connect);
    let started = starts.nth(2);
    assert!(started >= connected.map(|call| call.enter));
}

#[test]
fn a_first_program_that_ends_without_listening_is_told() {
    let Some(_bench) = Bench::new() else { return };
    let finished = Program::run(sock(&["trace", "--", "true", "--", "sh", "-c", "exit 3"]), b"");
    assert_eq!(finished.code(), 3);
    let told = "true ended before it had begun to listen, and sh is started now; a server stands before its clients, and calls listen (or bind, for UDP) [start]";
    assert_eq!(finished.stderr.matches("ended before").count(), 1, "{}", finished.stderr);
    assert!(finished.stderr.starts_with(&format!("sock: {told}\n")), "{}", finished.stderr);
    assert!(finished.stderr.contains("no socket was used"), "{}", finished.stderr);
}

#[test]
fn what_was_told_of_the_whole_at_once_stands_in_the_files_all_the_same() {
    let Some(bench) = Bench::new() else { return };
    let text = bench.path("story.txt");
    let options = ["--live", "always", "-o", text.to_str().unwrap()];
    let traced = bench.trace(&options, &[vec!["true".to_owned()], bench.actor("refused", &[])]);
    let (told, page) = (&traced.finished.stderr, std::fs::read_to_string(&text).unwrap());
    for text in [told, &page] {
        assert_eq!(text.matches("true ended before").count(), 1, "{text}");
        assert!(text.contains("[start]"), "{text}");
    }
    let (told, page) = (told.find("ended before"), page.find("connect"));
    assert!(told < traced.finished.stderr.find("connect") && page.is_some());
}

#[test]
fn the_last_word_on_who_goes_on_counts() {
    let Some(bench) = Bench::new() else { return };
    // It goes on until it is ended, or the time is over.
    for (options, is_ended) in [
        (&["--stop"][..], true),
        (&["--no-stop"], false),
        (&["--no-stop", "--stop"], true),
        (&["--no-stop", "--stop=0"], true),
        (&["--stop=10s"], false),
        (&["--stop=1m", "--no-stop", "--stop=10ms"], true),
        (&["--stop", "--no-stop"], false),
    ] {
        let programs = [bench.actor("iterative", &[]), bench.actor("one", &[])];
        let time = if is_ended { "20s" } else { "3s" };
        let traced = bench.trace(&[&["-q", "--timeout", time], options].concat(), &programs);
        let over = traced.finished.stderr.contains("the time was over");
        assert_eq!(over, !is_ended, "{options:?}: {}", traced.finished.stderr);
        assert_eq!(traced.printed(), ("HELLO\n".to_owned(), 0));
    }
    let wrong = Program::run(sock(&["trace", "--stop=soon", "--", "true"]), b"").expect(2);
    assert!(wrong.stderr.contains("such as 250ms"), "{}", wrong.stderr);
}

#[test]
fn the_ladder_stands_on_stderr_and_in_files() {
    let Some(bench) = Bench::new() else { return };
    let text = bench.path("story.txt");
    let options = ["-o", text.to_str().unwrap(), "--name", "server", "--name", "client"];
    let traced = bench.trace(&options, &[bench.actor("iterative", &[]), bench.actor("one", &[])]);
    let page = std::fs::read_to_string(&text).unwrap();
    assert_eq!(traced.finished.stderr, page);
    let mut lanes = page.lines().next().unwrap().split_whitespace();
    assert_eq!((lanes.next(), lanes.next()), (Some("client"), Some("server")));
    for words in ["\"hello\"", "\"HELLO\"", "recv 5 B", "FIN", "traced: "] {
        assert!(page.contains(words), "{words}:\n{page}");
    }
    assert!(!page.contains("setsockopt"), "{page}");
}

#[test]
fn every_form_is_written_and_explains() {
    let Some(bench) = Bench::new() else { return };
    let forms = ["txt", "svg", "html", "mmd", "json"].map(|end| bench.path(&format!("a.{end}")));
    let mut options: Vec<&str> = vec!["-q"];
    for form in &forms {
        options.extend(["-o", form.to_str().unwrap()]);
    }
    let programs = [bench.actor("iterative", &[]), bench.actor("three", &["1"])];
    let traced = bench.trace(&options, &programs);
    assert_eq!(traced.is_whole().printed(), ("done\n".to_owned(), 0), "{}", traced.finished.stderr);
    let [text, svg, html, mermaid, joined] =
        forms.map(|form| std::fs::read_to_string(form).unwrap());
    for (form, begins) in
        [(&svg, "<svg "), (&html, "<!DOCTYPE html>"), (&mermaid, "sequenceDiagram")]
    {
        assert!(form.to_lowercase().starts_with(&begins.to_lowercase()), "{form}");
    }
    for form in [&text, &svg, &html, &mermaid, &joined] {
        assert!(form.contains("became"), "it says that three sends became one receive:\n{form}");
    }
    for form in [&text, &svg, &html, &mermaid] {
        assert!(form.contains("traced: "), "it says that its programs were traced:\n{form}");
    }
    assert!(html.contains("default-src 'none'") && !html.contains(" src="), "it needs no network");
    assert!(joined.lines().any(|line| line.contains("\"type\":\"link\"")), "{joined}");
}

#[test]
fn each_code_has_a_page() {
    let codes = Program::run(sock(&["trace", "--explain"]), b"").expect(0).text();
    assert!(codes.lines().count() > 20, "{codes}");
    let manual = Program::run(sock(&["man", "trace"]), b"").expect(0).text();
    let manual = manual.replace("\\-", "-").replace("\\*(Aq", "'");
    for line in codes.lines() {
        let (code, meaning) = line.split_once(' ').unwrap();
        let page = Program::run(sock(&["trace", "--explain", code]), b"").expect(0).text();
        assert!(page.starts_with(&format!("{code}: {}\n", meaning.trim())), "{page}");
        assert!(page.contains("What to do"), "{page}");
        assert!(manual.contains(&format!("  {line}\n")), "{line}:\n{manual}");
        // As it stands behind the sentence.
        let written = format!("[{code}]");
        let same = Program::run(sock(&["trace", "--explain", &written]), b"").expect(0).text();
        assert_eq!(same, page);
        let loud = Program::run(sock(&["trace", "--explain", &code.to_uppercase()]), b"");
        assert_eq!(loud.expect(0).text(), page);
    }
    let unknown = Program::run(sock(&["trace", "--explain", "nonsense"]), b"");
    assert_eq!(unknown.code(), 2);
    assert!(
        unknown.stderr.contains("there is no code 'nonsense'; there are "),
        "{}",
        unknown.stderr
    );
}

#[test]
fn no_byte_is_kept_where_none_is_to_be() {
    let Some(bench) = Bench::new() else { return };
    let traced =
        bench.trace(&["--no-data"], &[bench.actor("iterative", &[]), bench.actor("one", &[])]);
    assert!(traced.calls().all(|call| call.data.as_deref().is_none_or(<[u8]>::is_empty)));
    let record = std::fs::read_to_string(bench.path("record.jsonl")).unwrap();
    let there = |bytes: &[u8]| record.contains(&data_encoding::BASE64.encode(bytes));
    assert!(!there(b"hello") && !there(b"HELLO"));
}

#[test]
fn outcomes_are_counted() {
    let Some(bench) = Bench::new() else { return };
    let mut command = sock(&["trace", "--repeat", "3", "--name", "server", "--name", "client"]);
    for role in ["iterative", "one"] {
        command.arg("--").args(bench.actor(role, &[]));
    }
    let finished = Program::run(command, b"");
    assert_eq!(finished.code(), 0);
    let expected = "    3 of 3 (100 %)
       server: 1 send (5 B), 1 receive (5 B), SIGTERM
       client: 1 send (5 B), 1 receive (5 B), exit 0
";
    assert_eq!(finished.stderr, expected);
}

#[test]
fn what_every_run_came_to_is_explained() {
    let Some(bench) = Bench::new() else { return };
    let mut command = sock(&["trace", "--repeat", "2", "--name", "client", "--"]);
    command.args(bench.actor("refused", &[]));
    let told = Program::run(command, b"").stderr;
    let table = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(table.starts_with("2 of 2 (100 %) client: "), "{table}");
    assert!(table.contains(" * refused: client has bound 127.0.0.1:"), "{table}");
    assert!(table.contains("[refused]") && !table.contains("only here"), "{table}");
}

#[test]
fn only_what_is_asked_for_is_drawn() {
    let Some(bench) = Bench::new() else { return };
    let programs = [bench.actor("iterative", &[]), bench.actor("one", &[])];
    let traced = bench.trace(&["--only", "shutdown"], &programs);
    let page = &traced.finished.stderr;
    assert!(page.contains("shutdown WR") && !page.contains("send 5 B"), "{page}");
    let traced = bench.trace(&["--only", "recv"], &programs);
    let page = &traced.finished.stderr;
    assert!(page.contains("send 5 B") && page.contains("recv 5 B"), "both ends: {page}");
    assert!(!page.contains("connect") && !page.contains("accept"), "{page}");
}

#[test]
fn where_nothing_is_what_was_asked_for_it_is_said_what_there_is() {
    let Some(bench) = Bench::new() else { return };
    let programs = [bench.actor("iterative", &[]), bench.actor("one", &[])];
    let traced = bench.trace(&["--only", "9"], &programs);
    let said = traced.finished.stderr.lines().next().unwrap_or_default();
    let ports = said.strip_prefix("--only 9 matches nothing: the ports are ").expect(said);
    let ports: Vec<u16> = ports.split(", ").map(|port| port.parse().expect(said)).collect();
    // The server's, and the client's.
    assert_eq!(ports.len(), 2, "{said}");
    let traced = bench.trace(&["--only", "socketpair"], &programs);
    let said = traced.finished.stderr.lines().next().unwrap_or_default();
    assert!(
        said.starts_with("--only socketpair matches nothing: the calls are accept, "),
        "{said}"
    );
}

#[test]
fn a_line_of_the_shell_is_a_program() {
    let Some(_bench) = Bench::new() else { return };
    let finished = Program::run(sock(&["trace", "-q", "-c", "exit 4"]), b"");
    assert_eq!(finished.code(), 4);
}

#[test]
fn a_command_line_without_a_program_is_refused() {
    for (arguments, words) in [
        (&["trace"][..], "which program?"),
        (&["trace", "-o", "x.gif", "--", "true"], ".jsonl"),
        (&["trace", "--name", "a", "--name", "b", "--", "true"], "2 names for 1 programs"),
        (
            &["trace", "--name", "a,b", "--", "true", "--", "true"],
            "each program has a --name of its own: --name a --name b",
        ),
        (&["trace", "--only", "sent", "--", "true"], "write a port, or a call"),
        (&["trace", "--repeat", "0", "--", "true"], "--repeat 0"),
    ] {
        let finished = Program::run(sock(arguments), b"");
        assert_eq!(finished.code(), 2, "{arguments:?}");
        assert!(finished.stderr.contains(words), "{arguments:?}: {}", finished.stderr);
    }
}

#[test]
fn what_a_trace_tells_keeps_to_the_width() {
    let Some(bench) = Bench::new() else { return };
    for option in ["--all-cpus", "--repeat=2"] {
        for width in [40_usize, 60] {
            let mut command = sock(&["trace", option, "--width", &width.to_string()]);
            command.args(["--name", "a server that takes one after the other"]);
            for role in ["iterative", "one"] {
                command.arg("--").args(bench.actor(role, &[]));
            }
            let told = Program::run(command, b"").stderr;
            assert!(told.lines().all(|line| line.chars().count() <= width), "{width}: {told}");
            let words: Vec<&str> = told.split_whitespace().collect();
            let told = words.join(" ");
            // It ended so, and the ladder says what it did; or it is the first line of a table.
            let expected = ["each takes a little longer than alone", "2 of 2 (100 %) a server"];
            let expected = expected[usize::from(option == "--repeat=2")];
            assert!(told.contains("SIGTERM") && told.contains(expected), "{told}");
        }
    }
}
