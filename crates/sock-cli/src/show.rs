//! `show`: draws a recording again.

use std::fmt::Write;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use anyhow::{Context, Result};
use sock_ladder::{Conversation, Drawing};
use sock_record::{Call, Dir, Line, Reader};

use crate::drawing::Paper;
use crate::screen;
use crate::status::{Status, Usage};

/// What is drawn of which recording.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) file: PathBuf,
    pub(crate) what: What,
    pub(crate) all_calls: bool,
    pub(crate) paper: Paper,
}

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    /// Everything, in one picture.
    All,
    /// One conversation, by its number in the list, from 1.
    One(usize),
    /// A line for each conversation.
    List,
}

/// Reads the recording and draws it.
pub(crate) fn run(plan: &Plan) -> Result<Status> {
    let lines = read(plan)?;
    let drawing = Drawing { all_calls: plan.all_calls, ..plan.paper.drawing() };
    match plan.what {
        What::All => screen::answer(&sock_ladder::text(&lines, &drawing)),
        What::One(number) => {
            let all = sock_ladder::conversations(&lines);
            let index = number.checked_sub(1);
            let one = index.and_then(|index| all.get(index)).ok_or_else(|| {
                let count = all.len();
                Usage(format!(
                    "there is no conversation {number}; --list shows the {count} there are"
                ))
            })?;
            screen::answer(&one.text(&drawing))
        }
        What::List => {
            let mut page = String::new();
            for (index, one) in sock_ladder::conversations(&lines).iter().enumerate() {
                writeln!(page, "{:>4}  {}", index + 1, title(one))?;
            }
            screen::answer(&page)
        }
    }
}

/// Who spoke with whom, since when, and how much that was, seen from the first of its sockets.
fn title(one: &Conversation<'_>) -> String {
    let sock = one
        .lines
        .iter()
        .find_map(|line| if let Line::Sock(sock) = line { Some(sock) } else { None });
    let name = |name: Option<&str>| name.unwrap_or("?").to_owned();
    let (local, peer) = sock.map_or((name(None), name(None)), |sock| {
        (name(sock.local.as_deref()), name(sock.peer.as_deref()))
    });
    let moved = |dir: Dir| -> u64 {
        let calls = one
            .lines
            .iter()
            .filter_map(|line| if let Line::Call(call) = line { Some(call) } else { None });
        let ours =
            calls.filter(|call| call.dir == Some(dir) && call.sock == sock.map(|sock| sock.sock));
        ours.filter_map(Call::moved).sum()
    };
    let (sent, received) = (moved(Dir::Out), moved(Dir::In));
    let (ms, us) = (one.t / 1_000_000, one.t / 1_000 % 1_000);
    format!("{ms}.{us:03} ms  {local} with {peer}: sent {sent} B, received {received} B")
}

/// What a recording that ends in the middle of a line still tells is drawn, and the rest is said.
fn read(plan: &Plan) -> Result<Vec<Line>> {
    let name = plan.file.display();
    let about = || format!("cannot read {name}");
    let source: Box<dyn Read> = if plan.file.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(&plan.file).with_context(about)?)
    };
    let mut lines = Vec::new();
    for line in Reader::new(BufReader::new(source)) {
        match line {
            Ok(line) => lines.push(line),
            Err(error) if lines.is_empty() => return Err(error).with_context(about),
            Err(error) => screen::warn(&format!("{name}: {error}"))?,
        }
    }
    Ok(lines)
}
