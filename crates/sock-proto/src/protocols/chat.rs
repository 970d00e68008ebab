//! `chat`: a room in which a line from one goes to all the others.
//!
//! ```text
//!   guest-1 --"hi"--> room --"guest-1: hi"--> guest-2, ann, ...
//! ```
//!
//! The room speaks in lines that begin with `* `, which no member can make up: a name has no star in
//! it, and a line that is passed on begins with a name.
//!
//! Nobody harms the others. Who does not read is dropped, once more waits for it than
//! [`MOST_QUEUED`], and everybody is told. Who says more than [`MOST_SAID`] in a second is not passed
//! on for the rest of it, and is told; so one read of the fastest sender never fills the queue
//! of somebody who does read.

mod allowance;
mod text;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use alloc::{format, vec};

use allowance::{Allowance, Verdict};

use crate::frame::{Line, Lines};
use crate::{Input, Out, Peer, Protocol};

/// The longest line that is passed on, in bytes.
const LONGEST_LINE: usize = 1000;
/// So many bytes may wait for a member beside what its kernel holds.
const MOST_QUEUED: u64 = 256 * 1024;
/// So many bytes may a member make the room send to each of the others in a second.
const MOST_SAID: usize = 64 * 1024;
/// What a line costs beside its own bytes: a name, a colon, a line end.
const LINE_COST: usize = 64;
/// So many members does `/who` name.
const MOST_LISTED: usize = 50;

const COMMANDS: &str = "/name NEW changes your name, /who lists who is here, /quit leaves";

/// The room; its session holds all who are in it.
#[derive(Debug, Default)]
pub struct Chat {
    members: BTreeMap<Peer, Member>,
    /// So many have come since the room opened.
    guests: u64,
}

#[derive(Debug)]
struct Member {
    name: String,
    lines: Lines,
    allowance: Allowance,
}

impl Protocol for Chat {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Open => self.enter(out),
            Input::Data(bytes) => self.hear(bytes, out),
            Input::Eof => {
                self.hear_rest(out);
                self.leave(out);
                out.finish();
            }
            Input::Closed(_) => self.leave(out),
            Input::Stop => self.close(out),
            Input::Drained | Input::Timeout => {}
        }
    }
}

impl Chat {
    fn enter(&mut self, out: &mut Out<'_>) {
        self.guests += 1;
        let name = format!("guest-{}", self.guests);
        out.say(format_args!(
            "* Welcome. You are {name}; what you type, everybody here reads.\n* {COMMANDS}.\n"
        ));
        self.spread(&format!("* {name} joined\n"), None, out);
        let member =
            Member { name, lines: Lines::new(LONGEST_LINE), allowance: Allowance::default() };
        self.members.insert(out.peer(), member);
        out.say(format_args!("{}", self.who()));
    }

    fn hear(&mut self, mut bytes: &[u8], out: &mut Out<'_>) {
        let peer = out.peer();
        let Some(member) = self.members.get_mut(&peer) else { return };
        let mut lines = core::mem::replace(&mut member.lines, Lines::new(LONGEST_LINE));
        while let Some(line) = lines.next(&mut bytes) {
            self.line(line, out);
            if !self.members.contains_key(&peer) {
                return;
            }
        }
        if let Some(member) = self.members.get_mut(&peer) {
            member.lines = lines;
        }
    }

    fn hear_rest(&mut self, out: &mut Out<'_>) {
        let Some(member) = self.members.get_mut(&out.peer()) else { return };
        let mut lines = core::mem::replace(&mut member.lines, Lines::new(0));
        if let Some(line) = lines.rest() {
            self.line(line, out);
        }
    }

    fn line(&mut self, line: Line<'_>, out: &mut Out<'_>) {
        let Some(member) = self.members.get_mut(&out.peer()) else { return };
        let text = crate::text::harmless(line.text);
        let text = text.trim_end();
        match member.allowance.spend(text.len() + LINE_COST, out.now()) {
            Verdict::Within => {}
            Verdict::Beyond => return,
            Verdict::FirstBeyond => {
                out.note("chat-flood", format_args!("{} says too much", member.name));
                return out.send(b"* too fast: what you say is not passed on for a second\n");
            }
        }
        if line.is_cut {
            out.say(format_args!(
                "* your line was cut: only the first {LONGEST_LINE} bytes are passed on\n"
            ));
        }
        let (word, argument) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "" if text.is_empty() => {}
            "/name" => self.rename(argument.trim(), out),
            "/who" => {
                let who = self.who();
                if let Some(member) = self.members.get_mut(&out.peer()) {
                    // Whoever asks has just been given leave: the answer counts against the next words.
                    let _ = member.allowance.spend(who.len(), out.now());
                }
                out.send(who.as_bytes());
            }
            "/quit" => {
                out.send(b"* bye\n");
                self.leave(out);
                out.close();
            }
            _ if word.starts_with('/') => {
                out.say(format_args!("* there is no such command: {COMMANDS}\n"));
            }
            _ => {
                let said = format!("{}: {text}\n", member.name);
                self.spread(&said, Some(out.peer()), out);
            }
        }
    }

    fn rename(&mut self, new: &str, out: &mut Out<'_>) {
        if let Err(fault) = text::check_name(new) {
            return out.say(format_args!("* {fault}\n"));
        }
        let is_same = |member: &Member| text::is_same_name(&member.name, new);
        if self.members.iter().any(|(peer, member)| *peer != out.peer() && is_same(member)) {
            return out.say(format_args!("* {new} is taken\n"));
        }
        let Some(member) = self.members.get_mut(&out.peer()) else { return };
        let old = core::mem::replace(&mut member.name, new.into());
        self.spread(&format!("* {old} is now {new}\n"), None, out);
    }

    fn who(&self) -> String {
        let all = self.members.len();
        let names: Vec<_> =
            self.members.values().take(MOST_LISTED).map(|member| member.name.as_str()).collect();
        let more = match all - names.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("* {all} here: {}{more}\n", names.join(", "))
    }

    fn leave(&mut self, out: &mut Out<'_>) {
        if let Some(member) = self.members.remove(&out.peer()) {
            self.spread(&format!("* {} left\n", member.name), None, out);
        }
    }

    fn close(&mut self, out: &mut Out<'_>) {
        self.spread("* the room closes\n", None, out);
        for peer in core::mem::take(&mut self.members).into_keys() {
            out.to(peer).close();
        }
    }

    /// Passes a line on to everybody but one, and tells everybody who was dropped meanwhile.
    fn spread(&mut self, line: &str, but: Option<Peer>, out: &mut Out<'_>) {
        let mut dropped = self.pass_on(line, but, out);
        while let Some(name) = dropped.pop() {
            let line = format!("* {name} was dropped: it does not read\n");
            dropped.append(&mut self.pass_on(&line, None, out));
        }
    }

    /// Passes a line on, drops whoever has no room for it, and names them.
    fn pass_on(&mut self, line: &str, but: Option<Peer>, out: &mut Out<'_>) -> Vec<String> {
        let mut stuck = vec![];
        for peer in self.members.keys().copied().filter(|peer| Some(*peer) != but) {
            let mut to = out.to(peer);
            if to.queued() + line.len() as u64 > MOST_QUEUED {
                to.note("chat-dropped", format_args!("it does not read: {} B wait", to.queued()));
                to.abort();
                stuck.push(peer);
            } else {
                to.send(line.as_bytes());
            }
        }
        stuck.iter().filter_map(|peer| self.members.remove(peer)).map(|gone| gone.name).collect()
    }
}
