//! Draws a record: `cargo run -p sock-ladder --example draw FILE [text|live|notes|svg|html|mmd|json] [WIDTH]`

use std::fs::File;
use std::io::{self, BufReader, Write};

use sock_ladder::{Drawing, Live, explain, html, joined, mermaid, svg, text};
use sock_record::{Line, Reader};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let file = words.first().ok_or("which record?")?;
    let lines: Vec<Line> =
        Reader::new(BufReader::new(File::open(file)?)).collect::<Result<_, _>>()?;
    let width = words.get(2).map_or(Ok(110), |width| width.parse())?;
    let drawing = Drawing { width, explain: true, ..Drawing::default() };
    let picture = match words.get(1).map_or("text", String::as_str) {
        "notes" => {
            let notes = explain(&lines);
            let line = |note: &sock_record::Note| format!("{:<15} {}\n", note.code, note.text);
            notes.iter().map(line).collect()
        }
        "text" => text(&lines, &drawing),
        "live" => {
            let mut live = Live::new(&drawing);
            for line in &lines {
                live.hear(line);
            }
            live.take()
        }
        "svg" => svg(&lines, &drawing),
        "html" => html(&lines, &drawing),
        "mmd" => mermaid(&lines, &drawing),
        "json" => {
            let mut record = sock_record::Writer::new(io::stdout().lock());
            for line in joined(&lines) {
                record.write(&line)?;
            }
            return Ok(());
        }
        other => return Err(format!("there is no picture {other:?}").into()),
    };
    io::stdout().write_all(picture.as_bytes())?;
    Ok(())
}
