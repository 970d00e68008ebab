//! What is told while the programs run: the ladder as it grows, or with `-v` every call, with `--json` the record.

use std::collections::BTreeMap;
use std::io::{self, Write};

use sock_record::{Call, CallKind, Dir, Level, Line, Note, ProcId, Writer};
use sock_trace::Watch;

use super::files::Records;
use super::rows::Rows;
use crate::screen::{Detail, Screen};

/// Tells lines of the record as they come, and hands them on.
pub(super) struct Live<'a, 'f> {
    screen: Screen,
    rows: Option<Rows>,
    names: BTreeMap<ProcId, String>,
    /// What is true of the whole, and was told.
    told: Vec<Note>,
    /// The time of the latest call in a line.
    latest: u64,
    /// Why a line could not be told, where somebody is there to be told.
    untold: Option<io::Error>,
    kept: &'a mut Kept<'f>,
}

/// The lines of the record: all of them, and the files that grow with them.
pub(super) struct Kept<'f> {
    pub(super) lines: Vec<Line>,
    /// They are wanted in the end; else, however long the programs run, none takes room.
    pub(super) draws: bool,
    pub(super) records: Records<'f>,
}

/// A call of which the beginning is told as well took so long, in ns.
const LONG: u64 = 1_000_000;
/// So many bytes of what went over are shown in a line.
const SHOWN: usize = 32;

impl<'a, 'f> Live<'a, 'f> {
    pub(super) fn new(screen: Screen, rows: Option<Rows>, kept: &'a mut Kept<'f>) -> Self {
        let (names, told) = (BTreeMap::new(), Vec::new());
        Self { screen, rows, names, told, latest: 0, untold: None, kept }
    }

    fn tell(&mut self, line: &Line) {
        let Some(text) = self.text(line) else { return };
        match io::stderr().write_all(text.as_bytes()) {
            // The programs go on all the same; where the reader has gone, nobody misses anything.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                self.untold.get_or_insert(error);
            }
            _ => {}
        }
    }

    /// What was told that is true of the whole, and the first failure to tell a line.
    pub(super) fn end(self) -> (Vec<Note>, Option<io::Error>) {
        (self.told, self.untold)
    }

    /// A sentence about the whole stands at no call, so that it is told once: now, with its code.
    fn remark(&mut self, note: &Note) -> Line {
        let code = sock_ladder::page(&note.code).map(|_| format!(" [{}]", note.code));
        let text = format!("{}{}", note.text, code.unwrap_or_default());
        self.told.push(note.clone());
        Note { text, ..note.clone() }.into()
    }

    fn text(&mut self, line: &Line) -> Option<String> {
        if self.screen.json {
            // A record's line can always be written: it has no other kinds of keys and numbers.
            let mut json = Writer::new(Vec::new());
            json.write(line).ok()?;
            return String::from_utf8(json.into_inner()).ok();
        }
        if let Line::Proc(proc) = line {
            self.names.insert(proc.proc, proc.name.clone());
        }
        if let Line::Note(note) = line {
            let is_told = note.level != Level::Info && self.screen.detail != Detail::Quiet;
            return is_told.then(|| format!("sock: {}\n", note.text));
        }
        let Line::Call(call) = line else { return None };
        (self.screen.detail == Detail::Data).then(|| self.call(call))
    }

    /// A call in a line: when it returned, who, what, and what came of it; and when it began, if that is a while ago.
    fn call(&mut self, call: &Call) -> String {
        // One that never returned is told behind what happened since.
        let t = call.exit.unwrap_or(self.latest.max(call.enter));
        self.latest = self.latest.max(t);
        let begun = if t.saturating_sub(call.enter) >= LONG {
            format!("  (begun at {} ms)", millis(call.enter))
        } else {
            String::new()
        };
        let name = self.names.get(&call.proc).map_or("?", String::as_str);
        let fd = call.fd.map(|fd| format!("({fd})")).unwrap_or_default();
        let comes = call.dir == Some(Dir::In) || call.call == CallKind::Accept;
        let way = if comes { "from" } else { "to" };
        let addr = call.args.addr.as_deref().map(|addr| format!(" {way} {}", addr.escape_debug()));
        let result = match (&call.err, call.moved(), call.ret) {
            (Some(err), ..) => format!("= {err}"),
            (None, Some(n), _) => format!("= {n} B"),
            (None, None, Some(ret)) => format!("= {ret}"),
            (None, None, None) => "never returned".to_owned(),
        };
        let data = call.data.as_deref().filter(|data| !data.is_empty()).map(|data| {
            let shown = &data[..whole(data, SHOWN)];
            let more = if shown.len() < data.len() || call.cut { "…" } else { "" };
            format!("  \"{}\"{more}", legible(shown))
        });
        let [addr, data] = [addr, data].map(Option::unwrap_or_default);
        let t = millis(t);
        format!("{t:>10} ms  {name}  {}{fd}{addr} {result}{data}{begun}\n", call.call)
    }
}

/// A time in ms.
fn millis(t: u64) -> String {
    format!("{}.{:03}", t / 1_000_000, t / 1_000 % 1_000)
}

/// So many bytes of these, or a few less: none of a character that does not fit.
fn whole(data: &[u8], most: usize) -> usize {
    if data.len() <= most {
        return data.len();
    }
    let begins = |at: &usize| data[*at] & 0xc0 != 0x80;
    (most.saturating_sub(3)..=most).rev().find(begins).unwrap_or(most)
}

/// Bytes as the ladder has them: text as it is, and the others as in a program.
fn legible(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\'' => text.push(c),
                c => text.extend(c.escape_debug()),
            }
        }
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    text
}

/// Whether it is said of the whole, and at once.
fn is_remark(note: &Note) -> bool {
    note.ev.is_none() && note.level != Level::Info
}

impl Watch for Live<'_, '_> {
    fn line(&mut self, line: Line) {
        let is_told = self.rows.is_some() || self.screen.detail != Detail::Quiet;
        let mut said = None;
        if let Line::Note(note) = &line
            && is_remark(note)
            && is_told
            && !self.screen.json
        {
            said = Some(self.remark(note));
        } else if let Line::Note(note) = &line
            && note.code == "deadlock"
            && !self.screen.json
        {
            let text = format!("{} (Ctrl-C ends this, and what was seen is drawn)", note.text);
            said = Some(Note { text, ..note.clone() }.into());
        }
        let shown = said.as_ref().unwrap_or(&line);
        match &mut self.rows {
            Some(rows) => rows.hear(shown),
            None => self.tell(shown),
        }
        self.kept.records.keep(&line);
        if self.kept.draws {
            self.kept.lines.push(line);
        }
    }

    fn look(&mut self, now: u64) {
        self.kept.records.flush();
        if let Some(rows) = &mut self.rows {
            rows.look(now);
        }
    }

    fn waits(&mut self, call: &Call) {
        if let Some(rows) = &mut self.rows {
            rows.waits(call);
        }
    }
}
