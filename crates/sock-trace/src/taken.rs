//! Who has an address that a bind was refused.

use std::fs;

use serde_json::{Value, json};

use crate::lookup;
use crate::sys::Tid;

/// The kernel's states, as `/proc/net/tcp` numbers them in hexadecimal.
const LISTEN: &str = "0A";
const TIME_WAIT: &str = "06";

/// Looks who holds the port of `addr`, as the process sees its network: who listens; or else what has ended and is
/// remembered, and for how long; or else any other socket.
pub(crate) fn holder(pid: Tid, addr: &str) -> Option<Value> {
    let (_, port) = addr.rsplit_once(':')?;
    let port = format!(":{:04X}", port.parse::<u16>().ok()?);
    let mut best: Option<(u8, Value)> = None;
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let text = fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [_, local, _, state, _, timer, _, _, _, inode, ..] = fields[..] else { continue };
            if !local.ends_with(&port) {
                continue;
            }
            let (rank, found) = match state {
                LISTEN => (0, json!({ "state": "LISTEN" })),
                TIME_WAIT => (1, json!({ "state": "TIME_WAIT", "left_ms": left(timer) })),
                _ => (2, json!({ "state": "in use" })),
            };
            if best.as_ref().is_none_or(|(before, _)| rank < *before) {
                best = Some((rank, with_process(found, inode.parse().ok())));
            }
        }
    }
    best.map(|(_, found)| found)
}

/// Adds who has the socket with this inode, where that is ours to see.
fn with_process(mut found: Value, inode: Option<u64>) -> Value {
    let Some(inode) = inode.filter(|inode| *inode != 0) else { return found };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<Tid>().ok());
    let has = |pid: &Tid| lookup::sockets(*pid).iter().any(|(_, other)| *other == inode);
    // The tracer has copies of what the programs have.
    let own = Tid::try_from(std::process::id()).unwrap_or_default();
    if let Some(pid) = pids.filter(|pid| *pid != own).find(has) {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        found["pid"] = pid.into();
        found["name"] = name.trim_end().into();
    }
    found
}

/// What is left of a timer, `03:00000BB8`, in ms: the kernel tells hundredths of a second.
fn left(timer: &str) -> Option<u64> {
    let (_, when) = timer.split_once(':')?;
    Some(u64::from_str_radix(when, 16).ok()? * 10)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn whoever_listens_is_named_and_who_has_ended_is_remembered() {
        let me = i32::try_from(std::process::id()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        assert_eq!(
            holder(me, &addr),
            Some(json!({ "state": "LISTEN" })),
            "and this process is no one to name"
        );

        // Who closes first keeps TIME_WAIT.
        let client = TcpStream::connect(&addr).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        drop(accepted);
        std::io::Read::read(&mut &client, &mut [0]).unwrap();
        drop((client, listener));
        let found = holder(me, &addr).unwrap();
        assert_eq!(found["state"], "TIME_WAIT");
        assert!(
            found["left_ms"].as_u64().is_some_and(|left| left > 30_000 && left <= 60_000),
            "{found}"
        );
    }
}
