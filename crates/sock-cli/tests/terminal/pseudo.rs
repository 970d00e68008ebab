//! A pseudo-terminal, and as much of a screen as a line editor needs.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread::spawn;

use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::support::{LIMIT, Leash, sock};

const COLUMNS: u16 = 100;

/// A program on a terminal of 100 columns.
pub(crate) struct Terminal {
    keys: File,
    /// Kept open, so that the terminal outlives the program.
    line: OwnedFd,
    shown: Receiver<Vec<u8>>,
    screen: Screen,
    leash: Leash,
}

impl Terminal {
    pub(crate) fn run(home: &Path, arguments: &[&str]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let line = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let size = Winsize { ws_row: 24, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&line, size).unwrap();
        let mut command = sock(arguments);
        command.env("TERM", "xterm").env("XDG_STATE_HOME", home).process_group(0);
        let dup = || line.try_clone().unwrap();
        command.stdin(dup()).stdout(dup()).stderr(dup());
        let leash = Leash::new(command.spawn().unwrap(), LIMIT);
        let keys = File::from(master);
        let mut pixels = keys.try_clone().unwrap();
        let (send, shown) = channel();
        spawn(move || {
            let mut buf = [0; 4096];
            while let Ok(n @ 1..) = pixels.read(&mut buf) {
                if send.send(buf[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { keys, line, shown, screen: Screen::default(), leash }
    }

    pub(crate) fn type_keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Sends the signal that Ctrl-C is, wherever the program is.
    pub(crate) fn interrupt(&self) {
        kill_process(self.leash.pid(), Signal::INT).unwrap();
    }

    /// Waits until the screen shows these lines and no others.
    pub(crate) fn until_shown(&mut self, rows: &[&str]) {
        self.until(&format!("{rows:#?}"), |shown| shown == rows);
    }

    /// Waits until the screen shows what is due.
    pub(crate) fn until(&mut self, due: &str, is_due: impl Fn(&[String]) -> bool) {
        while !is_due(&self.screen.rows()) {
            match self.shown.recv_timeout(LIMIT / 2) {
                Ok(bytes) => self.screen.show(&bytes),
                Err(why) => {
                    panic!("{why}: {due} is due, and {:#?} is shown", self.screen.rows())
                }
            }
        }
    }

    /// What the screen shows.
    pub(crate) fn rows(&mut self) -> Vec<String> {
        while let Ok(bytes) = self.shown.try_recv() {
            self.screen.show(&bytes);
        }
        self.screen.rows()
    }

    /// Waits until the program has ended, and tells its status.
    pub(crate) fn end(&mut self) -> i32 {
        let status = self.leash.wait();
        // What it wrote last is on its way through the terminal: a mark of ours comes behind it.
        rustix::io::write(&self.line, b"\x1b[999Z").unwrap();
        while !self.screen.is_marked {
            match self.shown.recv_timeout(LIMIT / 2) {
                Ok(bytes) => self.screen.show(&bytes),
                Err(why) => panic!("{why}: the terminal stands still"),
            }
        }
        assert!(!self.leash.was_pulled(), "it did not end: {:#?}", self.screen.rows());
        status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
    }

    /// Whether the terminal is as a shell wants it: what is typed is shown, in lines.
    pub(crate) fn echoes(&self) -> bool {
        let modes = tcgetattr(&self.line).unwrap().local_modes;
        modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
    }
}

/// Lines of characters and a cursor.
#[derive(Default)]
struct Screen {
    lines: Vec<Vec<char>>,
    row: usize,
    column: usize,
    /// What is not yet a whole character or sequence.
    held: Vec<u8>,
    is_marked: bool,
}

impl Screen {
    /// The lines that are not blank, without the space at their ends.
    fn rows(&self) -> Vec<String> {
        let text = |line: &Vec<char>| line.iter().collect::<String>().trim_end().to_owned();
        self.lines.iter().map(text).filter(|line| !line.is_empty()).collect()
    }

    fn show(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
        let bytes = std::mem::take(&mut self.held);
        let whole = match std::str::from_utf8(&bytes) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let text = String::from_utf8(bytes[..whole].to_vec()).unwrap();
        let mut rest = text.as_str();
        while let Some(c) = rest.chars().next() {
            let used = if c == '\x1b' { self.sequence(rest) } else { self.character(c) };
            if used == 0 {
                break;
            }
            rest = &rest[used..];
        }
        self.held = [rest.as_bytes(), &bytes[whole..]].concat();
    }

    fn character(&mut self, c: char) -> usize {
        // A full line goes on in the next one when something more comes, and not before.
        if self.column == usize::from(COLUMNS) && !c.is_control() {
            (self.row, self.column) = (self.row + 1, 0);
        }
        while self.lines.len() <= self.row {
            self.lines.push(Vec::new());
        }
        match c {
            '\r' => self.column = 0,
            '\n' => self.row += 1,
            '\x08' => self.column = self.column.saturating_sub(1),
            c => {
                let line = &mut self.lines[self.row];
                let width = line.len().max(self.column + 1);
                line.resize(width, ' ');
                line[self.column] = c;
                self.column += 1;
            }
        }
        c.len_utf8()
    }

    /// One control sequence (ECMA-48); 0 if it is not whole yet.
    fn sequence(&mut self, text: &str) -> usize {
        let Some(body) = text.strip_prefix("\x1b[") else {
            return if text.len() < 2 { 0 } else { 2 };
        };
        let Some(end) = body.find(|c: char| ('@'..='~').contains(&c)) else { return 0 };
        let number: usize = body[..end].parse().unwrap_or(0);
        let last = body[end..].chars().next();
        match last {
            Some('A') => self.row = self.row.saturating_sub(number.max(1)),
            Some('B') => self.row += number.max(1),
            Some('C') => self.column += number.max(1),
            Some('D') => self.column = self.column.saturating_sub(number.max(1)),
            Some('G') => self.column = number.max(1) - 1,
            Some('K') => self.lines[self.row].truncate(self.column),
            Some('J') => {
                self.lines.truncate(self.row + 1);
                if let Some(line) = self.lines.get_mut(self.row) {
                    line.truncate(self.column);
                }
            }
            Some('Z') => self.is_marked = true,
            // Colours, modes and the like move nothing.
            _ => {}
        }
        2 + end + 1
    }
}
