//! The forking crew and the forking servers, each case in a program of its own that has one thread.
//!
//! Without arguments this program runs itself once for each case, under a deadline; with the
//! name of a case it is that case.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test without the test harness is a test all the same"
)]

use std::env;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Read, Write, pipe};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, wait};
use sock::engine::crew::{Counts, Crew};
use sock::server::{Handler, Stream, TcpServer};
use sock::socket::{Socket, create_connection};

/// Each case takes a few milliseconds; the rest is for a machine that is busy.
const LIMIT: Duration = Duration::from_secs(20);

/// Name, what it does, and what it must print.
const CASES: &[(&str, fn(), &str)] = &[
    ("the_counts_of_all_children_come_back", counts_come_back, ""),
    ("the_bell_tells_that_a_child_has_ended_and_nothing_is_left", bell_rings, ""),
    ("a_panic_ends_the_child_alone", panic_stays_in_the_child, ""),
    ("a_child_runs_no_destructor_of_its_parent", no_destructor_runs_twice, ""),
    ("a_child_ignores_interrupt_and_terminate", child_ignores_signals, ""),
    ("a_child_closes_the_listener_first", child_closes_the_listener, ""),
    ("join_stops_waiting_at_its_deadline", join_has_a_deadline, ""),
    ("end_kills_and_reaps", end_kills, ""),
    ("row_54_a_forking_server_answers_in_children_and_waits_for_them", forking_server, ""),
    ("row_54_a_finished_child_is_forgotten_before_the_next_request", forgets_children, ""),
    ("row_54_a_forking_daemon_does_not_wait", forking_daemon, ""),
    ("a_server_out_of_descriptors_pauses_and_goes_on", out_of_descriptors, ""),
    ("buffered_output_comes_out_once", output_comes_out_once, "parent child\nparent again\n"),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let Some(name) = env::var("SOCK_CREW_CASE").ok().as_deref() {
        if name == "orphan" {
            orphan();
        } else {
            CASES.iter().find(|case| case.0 == name).expect("a case of the table").1();
        }
        return ExitCode::SUCCESS;
    }
    if arguments.iter().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    let wanted = |name: &str| filter.is_none_or(|filter| name.contains(filter.as_str()));
    let mut failed = 0;
    for (name, _, output) in CASES.iter().filter(|case| wanted(case.0)) {
        failed += usize::from(!passes(name, || run_case(name) == Some((true, (*output).into()))));
    }
    let name = "children_die_with_their_parent";
    if wanted(name) {
        failed += usize::from(!passes(name, children_die_with_their_parent));
    }
    ExitCode::from(u8::from(failed > 0))
}

fn passes(name: &str, case: impl FnOnce() -> bool) -> bool {
    let passed = case();
    println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
    passed
}

fn case_command(name: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("the path of this program"));
    command.env("SOCK_CREW_CASE", name).stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// Whether the case ended well, and all that it printed; none if it did not end in time.
fn run_case(name: &str) -> Option<(bool, String)> {
    let mut program = case_command(name).spawn().expect("this program starts");
    let mut output = program.stdout.take().expect("a pipe was asked for");
    let (tell, told) = channel();
    thread::spawn(move || {
        let mut text = String::new();
        tell.send(output.read_to_string(&mut text).map(|_| text))
    });
    let text = told.recv_timeout(LIMIT).ok();
    if text.is_none() {
        program.kill().expect("it is ours to kill");
    }
    let status = program.wait().expect("it is ours to wait for");
    Some((status.success(), text?.expect("the output is text")))
}

/// The grandchild holds the pipe that the case was given: its end is the end of the pipe.
fn children_die_with_their_parent() -> bool {
    let mut program = case_command("orphan").spawn().expect("this program starts");
    let mut output = BufReader::new(program.stdout.take().expect("a pipe was asked for"));
    let (tell, told) = channel();
    thread::spawn(move || {
        let mut line = String::new();
        output.read_line(&mut line).expect("the case says that its child runs");
        tell.send(line.clone()).expect("the test waits");
        line.clear();
        output.read_line(&mut line).expect("the pipe ends");
        tell.send(line).expect("the test waits");
    });
    let ready = told.recv_timeout(LIMIT);
    program.kill().expect("it is ours to kill");
    program.wait().expect("it is ours to wait for");
    let died = told.recv_timeout(LIMIT) == Ok(String::new());
    let child = ready.ok().and_then(|line| Pid::from_raw(line.trim().parse().ok()?));
    if let Some(child) = child.filter(|_| !died) {
        // An orphan ignores a gentler word.
        kill_process(child, Signal::KILL).expect("it still runs");
    }
    died && child.is_some()
}

fn orphan() {
    let (_key, gate) = gate();
    let mut crew = Crew::fork(|| ()).unwrap();
    crew.run(move || {
        println!("{}", getpid());
        wait_at(gate)
    })
    .unwrap();
    crew.join(None).unwrap();
}

fn counts_come_back() {
    const CHILDREN: u64 = 100;
    let mut crew = Crew::fork(|| ()).unwrap();
    for n in 0..CHILDREN {
        crew.run(move || Counts { sent: n, received: 10 * n, conversations: 1 }).unwrap();
    }
    assert_eq!(join(&mut crew), 0);
    let sent = CHILDREN * (CHILDREN - 1) / 2;
    assert_eq!(crew.counts(), Counts { sent, received: 10 * sent, conversations: CHILDREN });
    assert_eq!(crew.failed(), 0);
    assert_no_children();
}

fn bell_rings() {
    let mut crew = Crew::fork(|| ()).unwrap();
    let (key, gate) = gate();
    crew.run(move || wait_at(gate)).unwrap();
    assert_eq!(crew.reap().unwrap(), 0);
    assert_eq!(crew.len(), 1);
    open(key);
    while !crew.is_empty() {
        assert!(rings(&crew, LIMIT), "the bell rings when a child ends");
        crew.reap().unwrap();
    }
    assert_no_children();
    assert!(!rings(&crew, Duration::ZERO), "nobody would spin on the bell");
}

fn rings(crew: &Crew, limit: Duration) -> bool {
    let mut asked = [PollFd::from_borrowed_fd(crew.bell().unwrap(), PollFlags::IN)];
    poll(&mut asked, Some(&limit.try_into().unwrap())).unwrap() == 1
}

fn panic_stays_in_the_child() {
    std::panic::set_hook(Box::new(|_| ()));
    let mut crew = Crew::fork(|| ()).unwrap();
    crew.run(|| panic!("a job that fails")).unwrap();
    crew.run(|| Counts { conversations: 1, ..Counts::default() }).unwrap();
    assert_eq!(join(&mut crew), 0);
    assert_eq!((crew.failed(), crew.counts().conversations), (1, 1));
}

fn no_destructor_runs_twice() {
    struct Mark(PipeWriter);
    impl Drop for Mark {
        fn drop(&mut self) {
            self.0.write_all(b"x").unwrap();
        }
    }
    let (mut marks, writer) = pipe().unwrap();
    let mark = Mark(writer);
    let mut crew = Crew::fork(|| ()).unwrap();
    crew.run(Counts::default).unwrap();
    assert_eq!(join(&mut crew), 0);
    drop(mark);
    let mut seen = Vec::new();
    marks.read_to_end(&mut seen).unwrap();
    assert_eq!(seen, b"x", "the mark of the parent and no other");
}

fn child_ignores_signals() {
    let (key, gate) = gate();
    let (mut pid_in, mut pid_out) = pipe().unwrap();
    let mut crew = Crew::fork(|| ()).unwrap();
    crew.run(move || {
        pid_out.write_all(&getpid().as_raw_nonzero().get().to_ne_bytes()).unwrap();
        wait_at(gate)
    })
    .unwrap();
    let mut pid = [0; 4];
    pid_in.read_exact(&mut pid).unwrap();
    let pid = Pid::from_raw(i32::from_ne_bytes(pid)).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    open(key);
    assert_eq!(join(&mut crew), 0);
    assert_eq!((crew.failed(), crew.counts().conversations), (0, 1));
}

fn child_closes_the_listener() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let addr = listener.local_addr().unwrap();
    let ours = Arc::new(Mutex::new(Some(listener)));
    let theirs = Arc::clone(&ours);
    let mut crew = Crew::fork(move || drop(theirs.lock().unwrap().take())).unwrap();
    let (key, gate) = gate();
    let (mut started, mut start) = pipe().unwrap();
    crew.run(move || {
        start.write_all(b"x").unwrap();
        wait_at(gate)
    })
    .unwrap();
    started.read_exact(&mut [0]).unwrap();
    assert!(TcpStream::connect(addr).is_ok(), "the parent still listens");
    drop(ours.lock().unwrap().take());
    let refused = TcpStream::connect(addr).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    open(key);
    assert_eq!(join(&mut crew), 0);
}

fn join_has_a_deadline() {
    let (key, gate) = gate();
    let mut crew = Crew::fork(|| ()).unwrap();
    crew.run(move || wait_at(gate)).unwrap();
    let deadline = now() + Duration::from_millis(30);
    assert_eq!(crew.join(Some(deadline)).unwrap(), 1);
    assert!(now() >= deadline, "join came back early");
    open(key);
    assert_eq!(join(&mut crew), 0);
}

fn end_kills() {
    let mut crew = Crew::fork(|| ()).unwrap();
    let mut keys = Vec::new();
    for _ in 0..4 {
        let (key, gate) = gate();
        keys.push(key);
        crew.run(move || wait_at(gate)).unwrap();
    }
    assert_eq!(crew.len(), 4);
    crew.end().unwrap();
    assert_eq!((crew.len(), crew.failed(), crew.counts()), (0, 0, Counts::default()));
    assert_no_children();
}

fn output_comes_out_once() {
    print!("parent ");
    let mut crew = Crew::fork(|| ()).unwrap();
    crew.run(|| {
        println!("child");
        Counts::default()
    })
    .unwrap();
    assert_eq!(join(&mut crew), 0);
    println!("parent again");
}

/// Tells each client the id of the process that serves it, after a line of the client; ends the
/// server when it has seen as many clients as it is told.
struct TellsId {
    clients: AtomicUsize,
}

impl Handler<Stream> for TellsId {
    fn verify_request(&self, request: &Stream) -> bool {
        // In the parent, as is everything before the conversation.
        if self.clients.fetch_sub(1, Ordering::SeqCst) == 1 {
            request.server().shutdown();
        }
        true
    }

    fn handle(&self, request: &mut Stream) -> sock::Result<()> {
        let mut line = String::new();
        request.reader().read_line(&mut line)?;
        write!(request.writer(), "{}", getpid())?;
        Ok(())
    }
}

fn clients_of(server: &TcpServer<TellsId>, count: usize) -> Vec<Socket> {
    // They wait in the backlog until the server serves: this program has one thread.
    (0..count).map(|_| create_connection(server.server_address()).unwrap()).collect()
}

fn forking_server() {
    let handler = TellsId { clients: AtomicUsize::new(3) };
    let server = TcpServer::bind(("127.0.0.1", 0), handler).unwrap().fork().unwrap();
    let clients = clients_of(&server, 3);
    for client in &clients {
        client.send_all(b"who?\n").unwrap();
    }
    server.serve_forever().unwrap();
    server.server_close().unwrap();
    assert_eq!(server.running(), 0);
    assert_no_children();
    let mut ids = Vec::new();
    for client in clients {
        let mut id = String::new();
        client.reader().unwrap().read_to_string(&mut id).unwrap();
        ids.push(id.parse::<u32>().unwrap());
    }
    ids.push(std::process::id());
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4, "three children and their parent");
}

fn forgets_children() {
    let handler = TellsId { clients: AtomicUsize::new(usize::MAX) };
    let server = TcpServer::bind(("127.0.0.1", 0), handler).unwrap().fork().unwrap();
    let control = server.control();
    let client = clients_of(&server, 1).remove(0);
    client.send_all(b"who?\n").unwrap();
    // This thread holds no lock while the other one forks: it waits for the answer.
    let serving = thread::spawn(move || server.serve_forever());
    let mut id = String::new();
    client.reader().unwrap().read_to_string(&mut id).unwrap();
    // What has ended and is not forgotten stays in /proc as a zombie.
    let end = now() + LIMIT;
    while Path::new("/proc").join(&id).exists() {
        assert!(now() < end, "nobody has forgotten the child {id}");
        thread::yield_now();
    }
    control.shutdown();
    serving.join().unwrap().unwrap();
}

fn forking_daemon() {
    let handler = TellsId { clients: AtomicUsize::new(1) };
    let server = TcpServer::bind(("127.0.0.1", 0), handler).unwrap().fork().unwrap().daemon(true);
    let clients = clients_of(&server, 1);
    server.serve_forever().unwrap();
    server.server_close().unwrap();
    assert_eq!(server.running(), 1);
    // The conversation goes on without its server, and without its server's socket.
    clients[0].send_all(b"who?\n").unwrap();
    assert!(!clients[0].recv_vec(20).unwrap().is_empty());
    let refused = create_connection(server.server_address()).unwrap_err();
    assert_eq!(refused.kind(), sock::ErrorKind::Refused);
    drop(server);
    assert_no_children();
}

/// No fork, but a limit of the whole process.
fn out_of_descriptors() {
    let handler = TellsId { clients: AtomicUsize::new(usize::MAX) };
    let server = TcpServer::bind(("127.0.0.1", 0), handler).unwrap().threads().unwrap();
    let control = server.control();
    let clients = clients_of(&server, 2);
    let limit = rustix::process::Resource::Nofile;
    let mut limits = rustix::process::getrlimit(limit);
    limits.current = Some(50);
    rustix::process::setrlimit(limit, limits).unwrap();
    let mut taken = Vec::new();
    while let Ok(copy) = clients[0].dup() {
        taken.push(copy);
    }
    let serving = thread::spawn(move || server.serve_forever());
    for client in &clients {
        client.send_all(b"who?\n").unwrap();
        client.set_timeout(Some(Duration::from_millis(50))).unwrap();
        let nothing = client.recv_vec(20).unwrap_err();
        assert_eq!(nothing.kind(), sock::ErrorKind::TimedOut, "nobody could be accepted");
    }
    drop(taken);
    for client in &clients {
        client.set_timeout(Some(LIMIT)).unwrap();
        assert!(!client.recv_vec(20).unwrap().is_empty());
    }
    control.shutdown();
    serving.join().unwrap().unwrap();
}

/// A gate and what opens it: whoever waits at it goes on after [`open`].
fn gate() -> (PipeWriter, PipeReader) {
    let (gate, key) = pipe().unwrap();
    (key, gate)
}

fn wait_at(mut gate: PipeReader) -> Counts {
    gate.read_exact(&mut [0]).unwrap();
    Counts { conversations: 1, ..Counts::default() }
}

fn open(mut key: PipeWriter) {
    key.write_all(b"x").unwrap();
}

fn join(crew: &mut Crew) -> usize {
    crew.join(Some(now() + LIMIT)).unwrap()
}

fn assert_no_children() {
    assert_eq!(wait(WaitOptions::NOHANG).unwrap_err(), Errno::CHILD);
}

#[allow(clippy::disallowed_methods, reason = "a caller of the library has a clock of its own")]
fn now() -> Instant {
    Instant::now()
}
