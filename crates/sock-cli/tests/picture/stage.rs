//! What is drawn for the tests: the records of the documentation, and one whose programs mean no good.

use std::path::{Path, PathBuf};

use sock_ladder::{Drawing, html};
use sock_record::{CallKind, Line, Reader};
use tempfile::TempDir;

/// The records of the documentation.
pub(crate) const RECORDS: [&str; 5] = ["d2-udp", "d4-tcp", "d5-chat", "d6-reset", "select"];

/// What a client of [`hostile`] sends.
pub(crate) const SCRIPT: &str = "<script>document.title = 'run'</script>";
pub(crate) const IMAGE: &str = "<img src=http://127.0.0.1:9/x onerror=\"document.title = 'run'\">";

pub(crate) fn record(name: &str) -> Vec<Line> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pictures");
    let file = std::fs::read(folder.join(name).join("record.jsonl")).expect("a record");
    Reader::new(&*file).map(|line| line.expect("a line")).collect()
}

/// The select server and three clients, who send markup and are called so.
pub(crate) fn hostile() -> Vec<Line> {
    let mut lines = record("select");
    for line in &mut lines {
        if let Line::Proc(proc) = line
            && &*proc.name == "client 1"
        {
            proc.name = IMAGE.into();
        }
        if let Line::Call(call) = line
            && matches!(call.call, CallKind::Send | CallKind::Recv)
        {
            let text = match call.data.as_deref() {
                Some(b"one") => SCRIPT,
                Some(b"two") => IMAGE,
                _ => continue,
            };
            call.data = Some(text.as_bytes().into());
        }
    }
    lines
}

/// A page in a file.
pub(crate) struct Page {
    folder: TempDir,
}

impl Page {
    pub(crate) fn new(lines: &[Line]) -> Self {
        Self::of(&html(lines, &Drawing { explain: true, ..Drawing::default() }))
    }

    pub(crate) fn of(html: &str) -> Self {
        let page = Self { folder: tempfile::tempdir().expect("a temporary directory can be made") };
        std::fs::write(page.path(), html).expect("it can be written");
        page
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("page.html")
    }
}
