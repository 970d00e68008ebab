//! Draws kept reports: `pictures DIRECTORY FILE…`. One file is drawn as a report, several beside each other.

use std::path::Path;

use sock_load::{html, read_reports, svg, table_html, table_svg};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let to = arguments.next().ok_or("pictures DIRECTORY FILE…")?;
    let mut sets = Vec::new();
    for path in arguments {
        let name = Path::new(&path).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        sets.push((name, read_reports(&std::fs::read(path)?)?));
    }
    let (picture, page) = match &sets[..] {
        [] => return Err("no file".into()),
        [(_, reports)] => (svg(&reports[0]), html(&reports[0])),
        sets => (table_svg(sets), table_html(sets)),
    };
    std::fs::write(Path::new(&to).join("report.svg"), picture)?;
    std::fs::write(Path::new(&to).join("report.html"), page)?;
    Ok(())
}
