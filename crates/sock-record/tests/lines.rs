//! Lines written and read again, and lines that other versions wrote.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod arbitrary;

use std::io;

use proptest::prelude::*;
use sock_record::{
    Call, CallKind, LONGEST, Line, Meta, Origin, Proc, ProcId, ReadError, Reader, Writer,
};

/// The lines of the format's own description.
const DESCRIBED: &str = r#"
{"type":"meta","schema":"sock-record/1","source":"trace","backend":"ptrace-seccomp","kernel":"6.18","t0_unix_ns":1,"hold_us":300,"preview":64}
{"type":"proc","proc":1,"pid":25407,"ppid":25400,"name":"server.py","argv":["python3","server.py"],"t":5,"how":"start"}
{"type":"sock","sock":3,"cookie":"10a6","family":"inet","kind":"stream","proto":"tcp","t":6,"from":"accept","listener":1,"local":"127.0.0.1:9111","peer":"127.0.0.1:60848","mate":2}
{"type":"call","ev":12,"proc":1,"tid":25407,"call":"recv","sys":"recvfrom","fd":4,"sock":3,"args":{"len":1024,"flags":[]},"enter":7,"exit":8,"ret":10,"err":null,"dir":"in","off":[6,16],"data":"SGVsbG8=","cut":false,"state":"ESTABLISHED","inq":0,"outq":0}
{"type":"link","kind":"bytes","from":10,"to":12,"off":[6,10],"how":"offset"}
{"type":"note","ev":12,"code":"merged","level":"info","text":"2 sends became 1 receive: TCP keeps no message boundaries"}
{"type":"gap","sock":3,"kernel_out":11,"seen_out":0,"kernel_in":0,"seen_in":0,"why":"io_uring"}
{"type":"end","t":9,"exit":[0,0],"dropped":0}
"#;

fn read(file: &[u8]) -> Vec<Result<Line, ReadError>> {
    Reader::new(file).collect()
}

fn written(lines: &[Line]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for line in lines {
        writer.write(line).unwrap();
    }
    writer.into_inner()
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(lines in prop::collection::vec(arbitrary::line(), 0..20)) {
        let file = written(&lines);
        prop_assert_eq!(file.split_inclusive(|byte| *byte == b'\n').count(), lines.len());
        let text = std::str::from_utf8(&file).unwrap();
        prop_assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
        let again: Vec<Line> = read(&file).into_iter().map(Result::unwrap).collect();
        prop_assert_eq!(again, lines);
    }

    #[test]
    fn a_file_cut_anywhere_loses_only_its_last_line(
        lines in prop::collection::vec(arbitrary::line(), 1..4),
        at in any::<prop::sample::Index>(),
    ) {
        let file = written(&lines);
        let kept = &file[..at.index(file.len())];
        let whole = kept.split(|byte| *byte == b'\n').count() - 1;
        for (n, line) in read(kept).into_iter().enumerate() {
            match line {
                Ok(line) => prop_assert_eq!(&line, &lines[n]),
                Err(ReadError::Cut { line }) => prop_assert_eq!((n, line), (whole, whole as u64 + 1)),
                Err(other) => prop_assert!(false, "{}", other),
            }
        }
    }

    #[test]
    fn a_call_is_read_as_serde_reads_it_whatever_was_changed_in_it(
        line in arbitrary::call(),
        at in any::<prop::sample::Index>(),
        (takes, gives) in (0_usize..3, prop_oneof![
            Just(Vec::new()),
            prop::collection::vec(prop::sample::select(b"0123456789-.e\"\\{}[],:nulltrue \t\x0c\n\x80".as_slice()), 1..3),
        ]),
    ) {
        let mut json = written(&[line.into()]);
        let at = at.index(json.len());
        json.splice(at..json.len().min(at + takes), gives);
        if json.starts_with(br#"{"type":"call","#) {
            let serde = serde_json::from_slice::<Call>(&json).map(Line::from);
            match (Line::from_json(&json), serde) {
                (Ok(quick), Ok(slow)) => prop_assert_eq!(quick, slow),
                (Err(quick), Err(slow)) => prop_assert_eq!(quick.to_string(), slow.to_string()),
                (quick, slow) => prop_assert!(false, "{:?} is no {:?}", quick, slow),
            }
        }
    }

    #[test]
    fn rubbish_is_an_error_and_never_a_panic(file in any::<Vec<u8>>()) {
        for line in read(&file) {
            prop_assert!(line.is_err());
        }
    }
}

#[test]
fn the_described_lines_are_read_and_mean_what_they_say() {
    let lines: Vec<Line> = read(DESCRIBED.as_bytes()).into_iter().map(Result::unwrap).collect();
    assert_eq!(lines.len(), Line::TYPES.len());
    let Line::Sock(sock) = &lines[2] else { panic!("{:?}", lines[2]) };
    assert_eq!(
        (sock.from.clone(), sock.local.as_deref()),
        (Origin::Accept, Some("127.0.0.1:9111"))
    );
    let Line::Call(call) = &lines[3] else { panic!("{:?}", lines[3]) };
    assert_eq!((call.call.clone(), call.moved()), (CallKind::Recv, Some(10)));
    assert_eq!(call.data.as_deref(), Some(&b"Hello"[..]));
    assert_eq!(call.off.map(|off| (off.start(), off.end())), Some((6, 16)));
    let again = written(&lines);
    let again: Vec<Line> = read(&again).into_iter().map(Result::unwrap).collect();
    assert_eq!(again, lines);
}

#[test]
fn what_a_terminal_obeys_is_escaped_and_read_again() {
    let name = "a\u{1b}[2J \u{7f}\u{85}\u{9b}31m \u{202e}evil\u{2066}\u{200f}\u{61c} \u{2028}é\u{a0}\u{1f980}";
    let line = Line::from(Proc::new(ProcId(1), name, 0));
    let file = written(std::slice::from_ref(&line));
    let escaped =
        r#""name":"a\u001b[2J \u007f\u0085\u009b31m \u202eevil\u2066\u200f\u061c \u2028é"#;
    let text = String::from_utf8(file).unwrap();
    assert!(text.contains(&format!("{escaped}\u{a0}\u{1f980}\",")), "{text}");
    assert_eq!(read(text.as_bytes())[0].as_ref().unwrap(), &line);
}

#[test]
fn what_a_later_version_adds_is_no_error() {
    let file = concat!(
        r#"{"type":"sock","sock":3,"family":"vsock","kind":"rdm","t":6,"from":"cloned","mood":[1]}"#,
        "\n\r\n",
        r#"{"type":"call","ev":1,"proc":1,"call":"sendfile","enter":1,"args":{"len":5,"zerocopy":true}}"#,
        "\n",
        r#"{"type":"packet","seq":{"deep":[null]}}"#,
        "\n",
    );
    let lines: Vec<Line> = read(file.as_bytes()).into_iter().map(Result::unwrap).collect();
    let Line::Sock(sock) = &lines[0] else { panic!("{:?}", lines[0]) };
    assert_eq!((sock.family.as_str(), sock.kind.as_str()), ("vsock", "rdm"));
    assert_eq!((sock.from.as_str(), &sock.peer), ("cloned", &None));
    let Line::Call(call) = &lines[1] else { panic!("{:?}", lines[1]) };
    assert_eq!(call.call, CallKind::Other("sendfile".into()));
    assert_eq!((call.ret, call.exit, call.args.len), (None, None, Some(5)));
    assert_eq!(call.args.more["zerocopy"], true);
    let Line::Other(other) = &lines[2] else { panic!("{:?}", lines[2]) };
    assert_eq!(other.kind(), "packet");
    assert_eq!(read(&written(&lines[2..]))[0].as_ref().unwrap(), &lines[2]);
}

#[test]
fn a_wrong_line_is_named_and_those_after_it_are_read() {
    let good = r#"{"type":"end","t":9,"dropped":0}"#;
    for wrong in [
        r#"{"type":"end","t":-1,"dropped":0}"#,
        r#"{"type":"end","t":1.5,"dropped":0}"#,
        r#"{"type":"meta","schema":"sock-record/2","source":"trace"}"#,
        r#"{"type":"link","kind":"bytes","from":1,"to":2,"off":[9,3],"how":"offset"}"#,
        r#"{"type":"call","ev":1,"proc":1,"call":"send","enter":1,"data":"not base64"}"#,
        r#"{"type":7}"#,
        r"[]",
        "no JSON",
    ] {
        let lines = read(format!("{good}\n{wrong}\n{good}\n").as_bytes());
        assert!(lines[0].is_ok() && lines[2].is_ok(), "{wrong}");
        assert!(matches!(lines[1], Err(ReadError::Line { line: 2, .. })), "{wrong}: {lines:?}");
    }
}

#[test]
fn the_last_line_needs_no_line_end() {
    let lines = read(br#"{"type":"end","t":9,"dropped":0}"#);
    assert!(matches!(lines[..], [Ok(Line::End(_))]), "{lines:?}");
}

/// Takes `room` bytes, then fails once, then takes everything.
struct Full {
    room: usize,
    kept: Vec<u8>,
    writes: usize,
}

impl io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        if self.room == 0 {
            self.room = usize::MAX;
            return Err(io::ErrorKind::StorageFull.into());
        }
        let n = bytes.len().min(self.room);
        self.room -= n;
        self.kept.extend_from_slice(&bytes[..n]);
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_line_is_one_write_and_a_torn_one_spoils_no_other() {
    let line = Line::from(Meta::new("serve"));
    let mut writer = Writer::new(Full { room: usize::MAX, kept: Vec::new(), writes: 0 });
    writer.write(&line).unwrap();
    writer.write(&line).unwrap();
    assert_eq!(writer.into_inner().writes, 2);

    let mut writer = Writer::new(Full { room: 10, kept: Vec::new(), writes: 0 });
    assert_eq!(writer.write(&line).unwrap_err().kind(), io::ErrorKind::StorageFull);
    writer.write(&line).unwrap();
    let lines = read(&writer.into_inner().kept);
    assert!(matches!(lines[..], [Err(ReadError::Line { line: 1, .. }), Ok(_)]), "{lines:?}");
}

#[test]
fn a_record_behind_one_that_was_cut_is_found_in_the_middle_of_a_line() {
    let whole = DESCRIBED.trim_start().as_bytes();
    for cut in 0..whole.len() {
        let read = read(&[&whole[..cut], whole].concat());
        let lines: Vec<&Line> = read.iter().flatten().collect();
        let first = whole[..cut].split(|byte| *byte == b'\n').count() - 1;
        let torn = cut > 0 && whole[cut - 1] != b'\n';
        assert_eq!(lines.len(), first + 8, "cut at {cut}");
        assert!(matches!(lines[first], Line::Meta(_)), "cut at {cut}");
        let errors: Vec<&ReadError> = read.iter().filter_map(|line| line.as_ref().err()).collect();
        match errors[..] {
            [] => assert!(!torn, "cut at {cut}"),
            [ReadError::Cut { line }] => assert!(torn && *line == first as u64 + 1, "cut at {cut}"),
            _ => panic!("cut at {cut}: {errors:?}"),
        }
    }
}

#[test]
fn a_line_of_a_call_is_small() {
    // A million calls are to be drawn in 500 MB.
    assert!(size_of::<Line>() <= 232, "{}", size_of::<Line>());
}

/// What never ends.
struct Endless {
    begin: &'static [u8],
    then: u8,
    read: u64,
}

impl io::Read for Endless {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        buf.fill(self.then);
        let n = self.begin.len().min(buf.len());
        buf[..n].copy_from_slice(&self.begin[..n]);
        self.begin = &self.begin[n..];
        self.read += buf.len() as u64;
        Ok(buf.len())
    }
}

#[test]
fn a_line_without_an_end_is_given_up_and_nothing_after_it_is_read() {
    let end = br#"{"type":"end","t":9,"dropped":0}
{"type":""#;
    for (begin, then, most, lines) in
        [(&b""[..], 0, 1 << 16, 0), (b"no record", b'x', 1 << 16, 0), (end, b'x', LONGEST, 1)]
    {
        let mut endless = Endless { begin, then, read: 0 };
        let read: Vec<_> = Reader::new(io::BufReader::new(&mut endless)).collect();
        let (last, whole) = read.split_last().unwrap();
        assert_eq!(whole.len(), lines);
        assert!(
            matches!(last, Err(ReadError::Long { most: told, .. }) if *told == most),
            "{last:?}"
        );
        assert!(endless.read <= most + (1 << 16), "{} bytes were read", endless.read);
    }
}

#[test]
fn what_was_sent_and_received_is_held_once() {
    let call = |data: &str| {
        format!(r#"{{"type":"call","ev":1,"proc":1,"call":"send","enter":1,"data":"{data}"}}"#)
    };
    let (same, other) = ("c2FtZSBi".repeat(5), "b3RoZXIg".repeat(5));
    let file = [&same, &other, &same].map(|data| call(data)).join("\n");
    let lines = read(file.as_bytes());
    let at = |n: usize| {
        let Ok(Line::Call(Call { data: Some(data), .. })) = &lines[n] else { panic!("{lines:?}") };
        data.as_slice()
    };
    assert_eq!(at(0), at(2));
    assert!(std::ptr::eq(at(0), at(2)) && !std::ptr::eq(at(0), at(1)));
}
