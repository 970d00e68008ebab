//! What a process is called in a sentence: by its name, and where others have the same one by what tells it apart, as the ladder
//! calls it.

use std::net::SocketAddr;

use crate::sockets::At;
use crate::sys::Tid;
use crate::tasks::Process;
use crate::tracer::Tracer;

impl Tracer<'_> {
    /// The process of a task that calls on this socket.
    pub(crate) fn who_calls(&self, tid: Tid, at: At) -> String {
        let pid = self.tasks.all.get(&tid).map_or(tid, |task| task.pid);
        let process = self.tasks.processes.get(&pid);
        process.map_or_else(|| "?".to_owned(), |process| self.who(pid, process, Some(at)))
    }

    /// A process: the address of a socket tells it apart where no other of its name has one there.
    pub(crate) fn who(&self, pid: Tid, process: &Process, at: Option<At>) -> String {
        let name = &process.name;
        if self.tasks.names.values().filter(|other| *other == name).count() < 2 {
            return name.clone();
        }
        let place = |at: At| {
            let local = self.book.all[at].line.local.as_deref();
            local.filter(|local| local.parse::<SocketAddr>().is_ok())
        };
        let fellows = || {
            let all = self.tasks.processes.iter();
            all.filter(|(other, fellow)| **other != pid && fellow.name == *name)
        };
        let is_own = |local: &&str| {
            let is_there = |at: &At| place(*at) == Some(*local);
            !fellows().any(|(_, fellow)| fellow.sockets.iter().any(is_there))
        };
        match at.and_then(place).filter(is_own) {
            Some(place) => format!("{name} ({place})"),
            None => format!("{name} (pid {pid})"),
        }
    }
}
