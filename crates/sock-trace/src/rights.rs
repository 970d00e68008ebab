//! Programs that would have the rights of their owner, if nobody traced them.

use std::fs;
use std::os::unix::fs::MetadataExt;

use sock_record::Level;

use crate::sys::Tid;
use crate::tracer::Tracer;

impl Tracer<'_> {
    /// Says of a setuid or setgid program that has just begun that it lacks what those bits give (execve(2)).
    pub(crate) fn tell_rights(&mut self, pid: Tid) {
        let Ok(file) = fs::metadata(format!("/proc/{pid}/exe")) else { return };
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        // Real, effective, saved, of the file system.
        let effective = |field: &str| -> Option<u32> {
            let ids = status.lines().find_map(|line| line.strip_prefix(field))?;
            ids.split_whitespace().nth(1)?.parse().ok()
        };
        let lacks = |bit: u32, owner: u32, field: &str| {
            file.mode() & bit != 0 && effective(field).is_some_and(|id| id != owner)
        };
        let is_setuid = lacks(libc::S_ISUID, file.uid(), "Uid:");
        if !is_setuid && !lacks(libc::S_ISGID, file.gid(), "Gid:") {
            return;
        }
        let kind = if is_setuid { "setuid" } else { "setgid" };
        let name = self.tasks.process(pid).map_or("?", |process| &process.name);
        let text = format!(
            "{name} is a {kind} program: traced, it has the rights of who started it only, and may fail where it does \
             not untraced"
        );
        self.tape.note(None, "setuid", Level::Warn, text);
    }
}
