//! Before the talk: call, wait until something listens, or only see whether it does.

use std::time::Duration;

use anyhow::Result;
use rustix::event::{Timespec, poll};
use sock::socket::Socket;
use sock::{ErrorKind, Run, Service, converse};
use sock_proto::{Endpoint, Input, Out, Protocol, Transport};

use super::Plan;
use crate::ending::Last;
use crate::secure;

/// The first pause between two attempts, and the longest: short enough that nobody notices, long
/// enough to cost nothing.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(200)];

/// Calls the endpoint; with `--wait`, until something listens there.
pub(super) fn dial(plan: &Plan, run: &Run) -> Result<Socket> {
    let caller = plan.sockets.caller(&plan.endpoint)?;
    let until = plan.wait.map(|wait| run.now() + wait);
    let [mut pause, longest] = PAUSES;
    loop {
        // An attempt may take what is left, and the last one a moment.
        let left = until.map(|until| until.since(run.now()).max(PAUSES[0]));
        let time = plan.sockets.connect_timeout.min(left.unwrap_or(Duration::MAX));
        let error = match caller.clone().timeout(time).call(&plan.endpoint) {
            Ok(socket) => return Ok(socket),
            Err(error) => error,
        };
        let may_come =
            [ErrorKind::Refused, ErrorKind::NotFound, ErrorKind::TimedOut, ErrorKind::Unreachable];
        let left = until.map(|until| until.since(run.now())).filter(|left| !left.is_zero());
        match left {
            Some(left) if may_come.contains(&error.kind()) => rest(pause.min(left)),
            _ => return Err(error.into()),
        }
        pause = (pause * 2).min(longest);
    }
}

/// Lets time pass: nothing tells when somebody begins to listen.
fn rest(pause: Duration) {
    // Any pause fits, and a signal that ends it early does no harm.
    let _ = Timespec::try_from(pause).map(|pause| poll(&mut [], Some(&pause)));
}

/// Tells who is there. Of datagrams only a refusal can be known: an empty one is sent, and silence
/// for the time of a reply counts as somebody.
pub(super) fn probe(plan: &Plan, run: &Run) -> Result<String> {
    if plan.endpoint.transport() == Transport::Tls {
        return greet(plan, run);
    }
    let socket = dial(plan, run)?;
    let peer = match socket.peer_addr()?.to_socket_addr() {
        Some(addr) if plan.endpoint.is_stream() => Endpoint::tcp(addr),
        Some(addr) => Endpoint::udp(addr),
        None => plan.endpoint.clone(),
    };
    if plan.endpoint.is_stream() {
        return Ok(format!("{peer} is open"));
    }
    socket.send(b"")?;
    socket.set_timeout(Some(plan.wait_reply))?;
    match socket.recv(&mut [0]) {
        Ok(_) => Ok(format!("{peer} is open: it replied")),
        Err(error) if error.kind() == ErrorKind::TimedOut && error.errno().is_none() => {
            Ok(format!("{peer} may be open: nothing refused a datagram, and nothing replied"))
        }
        Err(error) => {
            let about = format!("cannot reach {peer}");
            Err(error
                .about(about)
                .cure("nothing listens there: start the server, or check the port")
                .into())
        }
    }
}

/// Says nothing, and goes.
struct Goes;

impl Protocol for Goes {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Open => out.close(),
            Input::Data(_)
            | Input::Eof
            | Input::Drained
            | Input::Timeout
            | Input::Stop
            | Input::Closed(_) => {}
        }
    }
}

/// Sees whether somebody is there who speaks TLS and is trusted.
fn greet(plan: &Plan, run: &Run) -> Result<String> {
    let service = Service::each("probe", || Goes);
    let service = secure::over(service, &plan.endpoint, &plan.tls, &plan.sockets, run)?;
    let socket = dial(plan, run)?;
    let last = Last::new(run);
    let ending = converse(&last.over(run), service, &socket, None)?;
    let peer = last.peer(&plan.endpoint);
    if !last.has_said_all(&ending) {
        last.judge(&ending, &peer, &plan.sockets)?;
    }
    let known = if plan.tls.is_insecure() { "" } else { ", and is trusted" };
    Ok(format!("{peer} is open: it speaks TLS{known}"))
}
