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

/// So many bytes of what went over are shown in a line.
const SHOWN: usize = 32;

impl<'a, 'f> Live<'a, 'f> {
    pub(super) fn new(screen: Screen, rows: Option<Rows>, kept: &'a mut Kept<'f>) -> Self {
        Self { screen, rows, names: BTreeMap::new(), told: Vec::new(), untold: None, kept }
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

    /// A call in a line: when, who, what, and what came of it.
    fn call(&self, call: &Call) -> String {
        let (ms, us) = (call.enter / 1_000_000, call.enter / 1_000 % 1_000);
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
            let shown = &data[..data.len().min(SHOWN)];
            let more = if shown.len() < data.len() || call.cut { "…" } else { "" };
            format!("  \"{}\"{more}", shown.escape_ascii())
        });
        let [addr, data] = [addr, data].map(Option::unwrap_or_default);
        format!("{ms:>6}.{us:03} ms  {name}  {}{fd}{addr} {result}{data}\n", call.call)
    }
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
