//! How much server CPU a 64-byte echo costs beside a bare C loop: `cargo bench -p sock --bench echo`.
//!
//! Both servers run pinned to the first core and the client to the second, in turn, in interleaved
//! pairs: what counts is the ratio of a pair, and the median of the pairs. An absolute figure means
//! nothing on another machine.
#![allow(clippy::print_stdout, reason = "a benchmark tells what it measured")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::thread::{CpuSet, sched_setaffinity};
use sock::{Endpoint, Server, Service};
use sock_proto::protocols::Echo;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Connections, and messages in all.
const CELLS: [(usize, usize); 4] =
    [(1, 50_000), (64, 200_000), (1_000, 200_000), (10_000, 200_000)];
const PAIRS: usize = 7;

fn main() -> Result<()> {
    if std::env::args().any(|argument| argument == "--serve") {
        return serve();
    }
    let directory = tempfile::tempdir()?;
    let Some(bar) = compile(directory.path()) else {
        println!("skipped: needs cc");
        return Ok(());
    };
    let ours = std::env::current_exe()?;
    pin(1)?;
    println!(
        "connections  CPU, ours/C: median (least to most)  rate, ours/C: median (least to most)"
    );
    for (connections, messages) in CELLS {
        let (mut cpu, mut rate) = (Vec::new(), Vec::new());
        for _ in 0..PAIRS {
            let c = measure(Command::new(&bar), connections, messages)?;
            let mut command = Command::new(&ours);
            command.arg("--serve");
            let us = measure(command, connections, messages)?;
            cpu.push(us.cpu / c.cpu);
            rate.push(us.rate / c.rate);
        }
        println!("{connections:>11}  {:<37}  {}", spread(&mut cpu), spread(&mut rate));
    }
    Ok(())
}

fn spread(ratios: &mut [f64]) -> String {
    ratios.sort_by(f64::total_cmp);
    let (least, most) = (ratios[0], ratios[ratios.len() - 1]);
    format!("{:.3} ({least:.3} to {most:.3})", ratios[ratios.len() / 2])
}

fn serve() -> Result<()> {
    let bound = Server::new(Service::each("echo", || Echo))
        .listen(Endpoint::tcp(([127, 0, 0, 1], 0).into()))
        .bind()?;
    println!("{}", bound.endpoints()[0].port().unwrap_or_default());
    bound.run()?;
    Ok(())
}

fn compile(directory: &Path) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/echo.c");
    let program = directory.join("echo");
    let compiled = Command::new("cc").arg("-O2").arg(source).arg("-o").arg(&program).status();
    compiled.is_ok_and(|status| status.success()).then_some(program)
}

fn pin(core: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    Ok(sched_setaffinity(None, &set)?)
}

/// What one run of a server came to.
struct Cost {
    /// Clock ticks of the server's CPU.
    cpu: f64,
    /// Messages a second.
    rate: f64,
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It has no other end than this one.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn measure(mut server: Command, connections: usize, messages: usize) -> Result<Cost> {
    // The child inherits the core.
    pin(0)?;
    let mut server = Running(server.stdout(Stdio::piped()).spawn()?);
    pin(1)?;
    let mut port = String::new();
    let stdout = server.0.stdout.take().ok_or("no stdout")?;
    BufReader::new(stdout).read_line(&mut port)?;
    let port: u16 = port.trim().parse()?;

    let mut clients = (0..connections)
        .map(|n| {
            // A loopback address has no more than 28,000 ports for the clients of one server.
            let client = TcpStream::connect((format!("127.0.0.{}", 1 + n / 20_000), port))?;
            client.set_nodelay(true)?;
            Ok(client)
        })
        .collect::<Result<Vec<_>>>()?;
    let set = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    for (n, client) in clients.iter().enumerate() {
        epoll::add(
            &set,
            client.as_fd(),
            epoll::EventData::new_u64(n as u64),
            epoll::EventFlags::IN,
        )?;
    }
    let before = ticks(server.0.id())?;
    let began = Instant::now();
    let mut buffer = [b'x'; 64];
    for client in &mut clients {
        client.write_all(&buffer)?;
    }
    let mut ready = Vec::with_capacity(256);
    let mut echoed = 0;
    while echoed < messages {
        ready.clear();
        epoll::wait(&set, spare_capacity(&mut ready), None)?;
        for event in &ready {
            let client = &mut clients[usize::try_from(event.data.u64())?];
            client.read_exact(&mut buffer)?;
            client.write_all(&buffer)?;
            echoed += 1;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let cpu = ticks(server.0.id())? - before;
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
    Ok(Cost { cpu, rate: messages as f64 / seconds })
}

/// User and system time of a process, in clock ticks: fields 14 and 15 of proc(5)'s stat.
fn ticks(process: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').ok_or("no stat")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    Ok(fields[11].parse::<f64>()? + fields[12].parse::<f64>()?)
}
