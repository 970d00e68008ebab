//! Who holds an endpoint that is in use, where the system tells (Linux: `/proc`).

use std::fmt;
use std::fs;

use sock_proto::Endpoint;

/// A process that holds a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    pid: u32,
    name: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.name, self.pid)
    }
}

/// Finds the process that holds `endpoint`, as far as this user may see.
pub(crate) fn holder(endpoint: &Endpoint) -> Option<Holder> {
    let inodes = match endpoint {
        Endpoint::Tcp(_, port) | Endpoint::Tls(_, port) => ip_inodes(&["tcp", "tcp6"], *port, true),
        Endpoint::Udp(_, port) => ip_inodes(&["udp", "udp6"], *port, false),
        Endpoint::Unix(name) | Endpoint::Unixgram(name) => {
            let shown = match (name.as_path(), name.as_abstract()) {
                (Some(path), _) => String::from_utf8_lossy(path).into_owned(),
                (None, Some(name)) => format!("@{}", String::from_utf8_lossy(name)),
                (None, None) => return None,
            };
            unix_inodes(&shown)
        }
        Endpoint::Stdio => return None,
    };
    find(&inodes)
}

/// The state of a listening socket in `/proc/net/tcp`.
const LISTEN: &str = "0A";

/// `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode`, see proc(5).
fn ip_inodes(tables: &[&str], port: u16, listening: bool) -> Vec<String> {
    let port = format!(":{port:04X}");
    let mut inodes = Vec::new();
    for table in tables {
        let text = fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let [_, local, _, state, _, _, _, _, _, inode, ..] = words[..] else { continue };
            if local.ends_with(&port) && (!listening || state == LISTEN) {
                inodes.push(inode.to_owned());
            }
        }
    }
    inodes
}

/// `Num RefCount Protocol Flags Type St Inode Path`, see proc(5).
fn unix_inodes(shown: &str) -> Vec<String> {
    let text = fs::read_to_string("/proc/net/unix").unwrap_or_default();
    let rows = text.lines().skip(1).filter_map(|line| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, _, _, _, _, _, inode, path] = words[..] else { return None };
        (path == shown).then(|| inode.to_owned())
    });
    rows.collect()
}

fn find(inodes: &[String]) -> Option<Holder> {
    let links: Vec<String> = inodes.iter().map(|inode| format!("socket:[{inode}]")).collect();
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Ok(open) = fs::read_dir(process.path().join("fd")) else { continue };
        let holds = open.flatten().any(|fd| {
            fs::read_link(fd.path())
                .is_ok_and(|to| links.iter().any(|link| to.as_os_str() == link.as_str()))
        });
        if holds {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(Holder { pid, name: name.trim().to_owned() });
        }
    }
    None
}
