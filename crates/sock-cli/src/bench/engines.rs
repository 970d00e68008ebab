//! The same server under every engine, in turn: A B C, A B C, so that whatever else the machine does
//! falls on all of them.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use sock::{Endpoint, Engine, Run, Urgency};
use sock_load::Report;
use sock_proto::protocols;

use super::{Plan, Target, loader, told};
use crate::screen::Detail;
use crate::status::{Status, Usage};

/// Which engines serve what.
#[derive(Debug, Clone)]
pub(crate) struct Engines {
    engines: Vec<Engine>,
    service: String,
}

impl Engines {
    /// `all`, or names with commas between them; and a service.
    pub(crate) fn parse(words: &[String]) -> Result<Self> {
        let [engines, service] = words else {
            return Err(Usage("write --engines all SERVICE".to_owned()).into());
        };
        let engines = match engines.as_str() {
            "all" => Engine::ALL.to_vec(),
            some => some.split(',').map(str::parse).collect::<sock::Result<_>>()?,
        };
        let row = protocols::find(service).map_err(|unknown| Usage(unknown.to_string()))?;
        if row.stream_port.is_none() {
            return Err(Usage(format!("{service} is not served alone")).into());
        }
        Ok(Self { engines, service: service.clone() })
    }
}

/// A server of our own, in a process of its own; it ends when this is dropped.
struct Served {
    child: Child,
    endpoint: Endpoint,
}

impl Served {
    fn start(service: &str, engine: Engine) -> Result<Self> {
        let program = std::env::current_exe().context("cannot tell where this program is")?;
        let mut command = Command::new(program);
        command.args(["serve", service, "tcp://127.0.0.1:0", "--json", "--engine", engine.name()]);
        let child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = child.context("cannot start a server")?;
        let Some(out) = child.stdout.take() else { bail!("a server has no output") };
        let mut served = Self { child, endpoint: Endpoint::Stdio };
        let mut lines = BufReader::new(out);
        let mut line = String::new();
        lines.read_line(&mut line)?;
        let event: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        let Some(endpoint) = event["endpoint"].as_str() else {
            bail!(
                "{service} does not run under {engine}: try `sock serve {service} --engine {engine}`"
            )
        };
        served.endpoint = endpoint.parse()?;
        // It tells of every conversation: somebody has to read that, or it would have to drop events.
        std::thread::spawn(move || io::copy(&mut lines, &mut io::sink()));
        Ok(served)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It is ours and not yet waited for, so that its number is still its own. The first signal asks it
        // to end, the second not to wait for anybody.
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        for pid in [pid, pid].into_iter().flatten() {
            // One that has ended already is waited for all the same.
            let _ = kill_process(pid, Signal::TERM);
        }
        // Nothing is left to do about one that cannot be waited for.
        let _ = self.child.wait();
    }
}

/// Loads each engine's server in turn, and tells what came of it.
pub(super) fn run(plan: &Plan, engines: &Engines, run: &Run) -> Result<Status> {
    let mut found: Vec<(String, Vec<Report>)> =
        engines.engines.iter().map(|engine| (engine.name().to_owned(), Vec::new())).collect();
    let mut status = Status::Done;
    announce(plan, engines.engines.len())?;
    'rounds: for round in 1..=rounds(plan) {
        for (engine, (_, reports)) in engines.engines.iter().zip(&mut found) {
            let served = Served::start(&engines.service, *engine)?;
            let target = Target::Endpoint(served.endpoint.clone());
            let mut report = loader(plan, &target, Some(&engines.service), run)?.run()?;
            drop(served);
            if run.stop().urgency() != Urgency::None {
                break 'rounds;
            }
            report.label = Some(engine.name().to_owned());
            say(plan, round, *engine, &report)?;
            if !matches!(told::judge_replies(&report), Ok(Status::Done)) {
                status = Status::Failed;
            }
            reports.push(report);
        }
    }
    if !plan.screen.json && plan.screen.detail != Detail::Quiet {
        told::engines(&found)?;
    }
    plan.files.write_all(&found)?;
    Ok(status)
}

/// How often each engine has its turn: three times show whether the machine was quiet.
fn rounds(plan: &Plan) -> usize {
    plan.repeat.unwrap_or(3)
}

/// Says beforehand how long it will take, where a time was asked for.
fn announce(plan: &Plan, engines: usize) -> Result<()> {
    if plan.screen.json || plan.screen.detail == Detail::Quiet {
        return Ok(());
    }
    let rounds = rounds(plan);
    let s = if rounds == 1 { "" } else { "s" };
    let turns = format!("{rounds} round{s} of {engines} engines");
    let line = match plan.ask.total() {
        None => format!("{turns}\n"),
        Some(each) => {
            let each = each + plan.ask.warm_up();
            let turns_of = u32::try_from(rounds * engines).unwrap_or(u32::MAX);
            let all = each.saturating_mul(turns_of).as_secs_f64().ceil();
            format!("{turns}, {:.1} s each: at least {all:.0} s\n", each.as_secs_f64())
        }
    };
    Ok(io::stderr().write_all(line.as_bytes())?)
}

fn say(plan: &Plan, round: usize, engine: Engine, report: &Report) -> Result<()> {
    if plan.screen.json {
        return told::report(report, plan.screen);
    }
    if plan.screen.detail == Detail::Quiet {
        return Ok(());
    }
    let figure = told::figure(report);
    let of = report.connections;
    let unheard = match of.unheard {
        0 => String::new(),
        n => format!("  {n} of {} connections had no reply before the end", of.opened),
    };
    let line = format!("round {round} of {}: {engine:<10} {figure:>20}{unheard}\n", rounds(plan));
    Ok(io::stderr().write_all(line.as_bytes())?)
}
