//! The pictures of the documentation: drawn from their records as they stand there, and their programs still do the same.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use sock_ladder::Drawing;
use sock_record::{Call, CallKind, Ev, Kind, Level, Line, Note, Reader, SockId};

use crate::bench::Bench;

/// The folder of each, and how many clients it has.
const STORIES: [(&str, usize); 5] =
    [("d2-udp", 1), ("d4-tcp", 1), ("d5-chat", 1), ("d6-reset", 1), ("select", 3)];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pictures").join(name)
}

fn read(name: &str, file: &str) -> String {
    std::fs::read_to_string(folder(name).join(file)).unwrap()
}

fn recorded(name: &str) -> Vec<Line> {
    Reader::new(read(name, "record.jsonl").as_bytes()).map(Result::unwrap).collect()
}

/// What happened, without when, at which port and in which process: each connection as its holder saw it, every link, and
/// which sentences were said.
fn story(lines: &[Line]) -> Vec<String> {
    let calls: BTreeMap<Ev, &Call> = lines
        .iter()
        .filter_map(|line| if let Line::Call(call) = line { Some((call.ev, call)) } else { None })
        .collect();
    let procs =
        lines.iter().filter_map(|line| if let Line::Proc(proc) = line { Some(proc) } else { None });
    let names: BTreeMap<_, _> = procs.map(|proc| (proc.proc, &*proc.name)).collect();
    let label = |call: &Call| match (&call.err, call.moved()) {
        (Some(err), _) => format!("{} {err}", call.call),
        (None, Some(n)) => format!("{} {n} B", call.call),
        (None, None) => call.call.to_string(),
    };
    let mut seen: BTreeMap<SockId, Vec<String>> = BTreeMap::new();
    let mut all = Vec::new();
    for call in calls.values().filter(|call| call.exit.is_some()) {
        let is_talk = call.dir.is_some()
            || matches!(call.call, CallKind::Connect | CallKind::Accept | CallKind::Shutdown);
        let whose = call.sock.filter(|_| is_talk);
        seen.entry(whose.unwrap_or(SockId(0))).or_default().push(format!(
            "{} {}",
            names[&call.proc],
            label(call)
        ));
    }
    seen.remove(&SockId(0));
    all.extend(seen.into_values().map(|calls| calls.join(", ")));
    for paired in sock_ladder::pair(lines).links {
        let [from, to] = [paired.link.from, paired.link.to].map(|ev| calls[&ev]);
        let bytes = to.data.as_ref().map(|data| format!(" {data:?}")).unwrap_or_default();
        all.push(format!(
            "{}: {} {} to {} {}{bytes}",
            paired.link.kind,
            names[&from.proc],
            label(from),
            names[&to.proc],
            label(to)
        ));
    }
    for line in lines {
        if let Line::Note(note) = line {
            all.push(format!("says {}", note.code));
        }
    }
    all.sort();
    all
}

#[test]
fn the_pictures_are_what_their_records_are_drawn_as() {
    let page = read("", "README.md");
    for (name, clients) in STORIES {
        let lines = recorded(name);
        let drawing = Drawing { width: 100, explain: true, ..Drawing::default() };
        let anew = "just pictures makes it anew, and git diff shows what is different";
        let text = read(name, "picture.txt");
        let drawn = sock_ladder::text(&lines, &drawing);
        let footer = text.strip_prefix(&drawn).unwrap_or_else(|| panic!("{name}: {anew}"));
        assert!(footer.starts_with("traced: "), "{name}: {footer}");
        let remark = |text: &str| {
            let (code, text) = ("traced".to_owned(), text.to_owned());
            Line::from(Note { ev: None, code, level: Level::Info, text })
        };
        let told: Vec<Line> = lines.iter().cloned().chain(footer.lines().map(remark)).collect();
        assert!(sock_ladder::svg(&told, &drawing) == read(name, "picture.svg"), "{name}: {anew}");
        for part in [text, read(name, "server.py"), read(name, "client.py")] {
            assert!(page.contains(part.trim_end()), "{name}: {anew}");
        }
        assert!(page.contains(&format!("({name}/picture.svg)")));
        assert!(!story(&lines).is_empty() && lines.iter().any(|line| matches!(line, Line::End(_))));
        let started = lines
            .iter()
            .filter(|line| matches!(line, Line::Proc(proc) if proc.how == "start".into()));
        assert_eq!(started.count(), 1 + clients, "{name}");
    }
}

#[test]
fn the_programs_of_the_pictures_still_do_what_is_drawn() {
    let Some(bench) = Bench::new() else { return };
    for (name, clients) in STORIES {
        let expected = story(&recorded(name));
        let traced = loop {
            // Free a moment ago: should somebody else have taken it meanwhile, there are others.
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let program = |file: &str| bench.program(&folder(name).join(file), &port.to_string());
            let mut programs = vec![program("server.py")];
            programs.resize_with(1 + clients, || program("client.py"));
            let names: Vec<String> = match clients {
                1 => vec!["client".into()],
                n => (1..=n).map(|n| format!("client {n}")).collect(),
            };
            let mut options = vec!["-q", "--name", "server"];
            options.extend(names.iter().flat_map(|name| ["--name", name]));
            let traced = bench.trace(&options, &programs);
            if traced.calls().all(|call| call.err.as_deref() != Some("EADDRINUSE")) {
                break traced;
            }
        };
        assert_eq!(story(&traced.lines), expected, "{name}: {}", traced.finished.stderr);
        let datagrams = traced.socks().values().filter(|sock| sock.kind == Kind::Dgram).count();
        assert_eq!(datagrams > 0, name == "d2-udp");
    }
}
