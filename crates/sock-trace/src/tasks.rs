//! Tasks and processes: who is traced, and what each of them is doing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use sock_record::{Ev, Proc, ProcHow, ProcId};

use crate::calls::Sys;
use crate::decode::Wish;
use crate::plan::Program;
use crate::seen::Seen;
use crate::sockets::At;
use crate::stopped::{Asked, LastClose};
use crate::sys::{Place, Tid, shares_descriptors};
use crate::table::Table;
use crate::waits::Waiting;
use crate::window::Window;

/// A thread of a traced program.
pub(crate) struct Task {
    /// Its process.
    pub(crate) pid: Tid,
    pub(crate) phase: Phase,
    /// The call that it is in.
    pub(crate) open: Option<Open>,
    /// A call that a signal interrupted: it goes on, or has failed, as what comes next shows.
    pub(crate) interrupted: Option<Interrupted>,
    /// Its latest call, for what is said about it.
    pub(crate) latest: Option<Ev>,
    /// The latest that is in the record.
    pub(crate) written: Option<Ev>,
    /// Its call that failed with EPIPE last, until the signal that comes with this has been told of.
    pub(crate) broken: Option<Ev>,
    /// It is on its way to its end, and makes no call any more.
    pub(crate) is_dying: bool,
}

impl Task {
    fn new(pid: Tid) -> Self {
        Self {
            pid,
            phase: Phase::Running,
            open: None,
            interrupted: None,
            latest: None,
            written: None,
            broken: None,
            is_dying: false,
        }
    }
}

/// What a task is doing, as far as its stops tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    /// In a call that waits, since then.
    Blocked(u64),
    /// Kept at the entry of a receive.
    Held(Held),
}

/// A receiver that is kept at its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) at: At,
    pub(crate) since: u64,
    /// There is something to receive.
    pub(crate) has_data: bool,
    /// Of so many sends, as far as they were seen.
    pub(crate) sends: u32,
    /// When its time is over, in ns since t0.
    pub(crate) until: u64,
    /// How long the others had run when it was looked last, in ns; and how often that was.
    pub(crate) ran: u64,
    pub(crate) looks: u32,
}

impl Held {
    pub(crate) fn new(at: At, since: u64, has_data: bool) -> Self {
        Self { at, since, has_data, sends: has_data.into(), until: 0, ran: 0, looks: 0 }
    }
}

/// A call that has begun.
pub(crate) struct Open {
    pub(crate) ev: Ev,
    pub(crate) sys: Sys,
    pub(crate) args: [u64; 6],
    pub(crate) enter: u64,
    pub(crate) on: On,
    pub(crate) wish: Wish,
    /// The limit as the program gave it, where it is made again with what is left of that.
    pub(crate) limit: Option<u64>,
    /// The socket itself, kept to the call's return: the kernel, too, keeps it for that long.
    pub(crate) seen: Option<Seen>,
}

/// A call that a signal interrupted.
pub(crate) struct Interrupted {
    pub(crate) open: Open,
    /// When, in ns since t0.
    pub(crate) t: u64,
    /// The program has its error already: it does not go on.
    pub(crate) is_over: bool,
    /// Where the task is at its return.
    pub(crate) place: Place,
    /// It had failed, and is about to be made again.
    pub(crate) is_again: bool,
}

impl Interrupted {
    /// The call as it was: whatever the signal was, it has ended nothing.
    pub(crate) fn goes_on(mut self) -> Open {
        self.open.wish.args.more.remove(SIGNAL);
        self.open
    }
}

/// The argument that names the signal which ended a call.
pub(crate) const SIGNAL: &str = "signal";

/// What a call is about.
#[derive(Debug, Clone)]
pub(crate) enum On {
    /// Nothing that is there yet.
    New,
    Sock(At),
    /// Bytes go from one descriptor to another.
    Both {
        from: Option<At>,
        to: Option<At>,
    },
    Wait(Waiting),
    /// Where it may run.
    Affinity,
    /// Several descriptors are closed at once.
    Range(Vec<(i32, At)>),
}

/// A process of a traced program.
pub(crate) struct Process {
    pub(crate) id: ProcId,
    pub(crate) window: Window,
    pub(crate) table: Table,
    pub(crate) name: String,
    /// Somebody gave it that name, and it keeps it.
    pub(crate) keeps_name: bool,
    /// Which of the programs it belongs to.
    pub(crate) program: usize,
    /// It has become the program that was asked for.
    pub(crate) has_begun: bool,
    /// Sockets that it called on or inherited, and did not close.
    pub(crate) sockets: BTreeSet<At>,
    /// What is said of it once it does something worth telling: most processes of a shell never do.
    pub(crate) unsaid: Option<Proc>,
    /// The tracer has asked it to end.
    pub(crate) asked: Option<Asked>,
    /// The close at its end that says most.
    pub(crate) last_close: Option<LastClose>,
}

/// All that are traced.
#[derive(Default)]
pub(crate) struct Tasks {
    pub(crate) all: BTreeMap<Tid, Task>,
    pub(crate) processes: BTreeMap<Tid, Process>,
    /// What processes are called that the record tells of.
    pub(crate) names: BTreeMap<ProcId, String>,
    /// By the number of a program that a shell runs, the name that none of its processes has yet.
    lent: BTreeMap<usize, String>,
    latest: u32,
}

impl Tasks {
    /// The process of a task.
    pub(crate) fn process(&self, tid: Tid) -> Option<&Process> {
        self.processes.get(&self.all.get(&tid)?.pid)
    }

    /// How many tasks a process has.
    pub(crate) fn count(&self, pid: Tid) -> usize {
        self.all.values().filter(|task| task.pid == pid).count()
    }

    /// The tasks of a process that will make calls yet.
    pub(crate) fn living(&self, pid: Tid) -> Vec<Tid> {
        let living = self.all.iter().filter(|(_, task)| task.pid == pid && !task.is_dying);
        living.map(|(tid, _)| *tid).collect()
    }

    /// Takes in a program's first process.
    pub(crate) fn start(&mut self, pid: Tid, n: usize, program: &Program, t: u64) -> Proc {
        let name = program.shell.as_deref().unwrap_or(program.name());
        let id = self.add(pid, pid, n, name);
        if program.shell.is_some() {
            self.lent.insert(n, program.name.clone());
        } else if let Some(process) = self.processes.get_mut(&pid) {
            process.keeps_name = program.keeps_name;
        }
        self.names.insert(id, name.to_owned());
        let argv = Some(program.words());
        Proc { pid: number(pid), ppid: None, argv, ..Proc::new(id, name, t) }
    }

    fn add(&mut self, tid: Tid, pid: Tid, program: usize, name: &str) -> ProcId {
        self.all.insert(tid, Task::new(pid));
        let latest = &mut self.latest;
        let process = self.processes.entry(pid).or_insert_with(|| {
            *latest += 1;
            Process {
                id: ProcId(*latest),
                window: Window::new(pid),
                table: Table::default(),
                name: name.to_owned(),
                keeps_name: false,
                program,
                has_begun: false,
                sockets: BTreeSet::new(),
                unsaid: None,
                asked: None,
                last_close: None,
            }
        });
        process.id
    }

    /// Takes in a task of which its maker tells: it may be over already, and its end heard.
    pub(crate) fn expect(&mut self, tid: Tid, maker: Tid, t: u64) {
        // A thread is the usual case, and its status is long.
        if let Some(pid) = self.all.get(&maker).map(|maker| maker.pid)
            && fs::exists(format!("/proc/{pid}/task/{tid}")).unwrap_or_default()
        {
            return self.meet_thread(tid, pid);
        }
        let status = fs::read_to_string(format!("/proc/{tid}/status")).unwrap_or_default();
        let state = status.lines().find_map(|line| line.strip_prefix("State:"));
        if state.is_some_and(|state| !state.trim_start().starts_with(['Z', 'X'])) {
            self.meet(tid, t);
        }
    }

    /// Takes in one more thread of a process that is known.
    fn meet_thread(&mut self, tid: Tid, pid: Tid) {
        let Some(process) = self.processes.get_mut(&pid) else { return };
        // Another task may be in the middle of closing what this one calls on.
        process.window.distrust();
        self.all.entry(tid).or_insert_with(|| Task::new(pid));
    }

    /// Takes in a task that a traced one made.
    pub(crate) fn meet(&mut self, tid: Tid, t: u64) {
        if self.all.contains_key(&tid) {
            return;
        }
        let status = fs::read_to_string(format!("/proc/{tid}/status")).unwrap_or_default();
        let field = |name: &str| -> Option<Tid> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().parse().ok()
        };
        let pid = field("Tgid:").unwrap_or(tid);
        let parent = field("PPid:").filter(|parent| *parent != 0);
        let known = self.processes.contains_key(&pid);
        let of = if known { Some(pid) } else { parent };
        let (program, name) = of
            .and_then(|of| self.processes.get(&of))
            .map_or((0, "?".to_owned()), |process| (process.program, process.name.clone()));
        self.add(tid, pid, program, &name);
        self.inherit(pid, parent.filter(|_| !known));
        let shares = parent.filter(|of| !known && shares_descriptors(*of, pid) != Some(false));
        let keeps =
            parent.and_then(|of| self.processes.get(&of)).is_none_or(|of| of.window.keeps());
        for (pid, distrusts) in
            [(pid, known || shares.is_some() || !keeps), (shares.unwrap_or(0), true)]
        {
            // Another task may be in the middle of closing what this one calls on.
            if distrusts && let Some(process) = self.processes.get_mut(&pid) {
                process.window.distrust();
            }
        }
        let Some(process) = self.processes.get_mut(&pid).filter(|_| !known) else { return };
        process.has_begun = true;
        let parent = parent.and_then(number);
        let how = ProcHow::Fork;
        process.unsaid =
            Some(Proc { pid: number(pid), ppid: parent, how, ..Proc::new(process.id, name, t) });
    }

    /// A new process has what its parent has.
    fn inherit(&mut self, pid: Tid, parent: Option<Tid>) {
        let parent = parent.and_then(|parent| self.processes.get(&parent));
        let Some(sockets) = parent.map(|parent| parent.sockets.clone()) else { return };
        if let Some(process) = self.processes.get_mut(&pid) {
            process.sockets = sockets;
        }
    }

    /// What is still to be said of a process that does something worth telling.
    pub(crate) fn introduce(&mut self, id: ProcId) -> Option<Proc> {
        let process = self.processes.values_mut().find(|process| process.id == id)?;
        let mut line = process.unsaid.take()?;
        if let Some(name) = self.lent.remove(&process.program) {
            (process.name, process.keeps_name) = (name.clone(), true);
            line.name = name;
        }
        self.names.insert(id, line.name.clone());
        Some(line)
    }

    /// A process has become another program than the one it was, or the one it was started as.
    pub(crate) fn became(&mut self, pid: Tid, t: u64) {
        // All its other threads are gone.
        self.all.retain(|tid, task| task.pid != pid || *tid == pid);
        if let Some(task) = self.all.get_mut(&pid) {
            // The leader may have died of it, and its number lives on.
            task.is_dying = false;
        }
        let Some(process) = self.processes.get_mut(&pid) else { return };
        // What it could see before, it may see no more, and the other way round.
        process.window = Window::new(pid);
        process.table = Table::default();
        if !std::mem::replace(&mut process.has_begun, true) {
            return;
        }
        let argv = command_line(pid);
        if !process.keeps_name {
            process.name = title(&argv);
        }
        let new = Proc::new(process.id, process.name.as_str(), t);
        // Who forks and then becomes another program is told as a fork, by what it became.
        let before = process.unsaid.take();
        let (how, parent, t) =
            before.map_or((ProcHow::Exec, None, t), |line| (line.how, line.ppid, line.t));
        process.unsaid =
            Some(Proc { pid: number(pid), ppid: parent, argv: Some(argv), how, t, ..new });
    }
}

fn number(pid: Tid) -> Option<u32> {
    u32::try_from(pid).ok()
}

fn command_line(pid: Tid) -> Vec<String> {
    let raw = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = raw.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
    let mut words: Vec<String> = words.collect();
    words.pop_if(|last| last.is_empty());
    words
}

/// What people call a program: the script, where an interpreter runs one.
#[must_use]
pub fn title(argv: &[String]) -> String {
    const INTERPRETERS: [&str; 9] =
        ["python", "node", "java", "sh", "bash", "dash", "ruby", "perl", "php"];
    let base = |word: &str| word.rsplit('/').next().unwrap_or(word).to_owned();
    let Some(program) = argv.first().map(|word| base(word)) else { return "?".to_owned() };
    let stem = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    // The value of `java -cp PLACES` is no program.
    let is_value = |n: usize| matches!(argv[n].as_str(), "-cp" | "-classpath" | "--class-path");
    let words = (1..argv.len()).filter(|n| !argv[*n].starts_with('-') && !is_value(*n - 1));
    let script = words.map(|n| &argv[n]).next();
    match script {
        // `python3 -c CODE` and `python3 -m MODULE` have no script.
        Some(script) if INTERPRETERS.contains(&stem) && !argv[1..].iter().any(|w| w == "-c") => {
            if argv.iter().any(|word| word == "-m") {
                script.clone()
            } else {
                base(script)
            }
        }
        _ => program,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_called_by_its_script() {
        let title = |line: &str| title(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(title("python3 labs/TCPServer.py 80"), "TCPServer.py");
        assert_eq!(title("/usr/bin/python3.11 -u server.py"), "server.py");
        assert_eq!(title("python3 -m http.server 8000"), "http.server");
        assert_eq!(title("python3 -c print"), "python3");
        assert_eq!(title("curl -s http://localhost/"), "curl");
        assert_eq!(title("./a.out"), "a.out");
        assert_eq!(title("java -cp build Server 80"), "Server");
    }
}
