//! The program `sock`: serve a socket, talk to one, see what is said.

mod args;
mod bench;
mod connect;
mod demo;
mod drawing;
mod elsewhere;
mod ending;
mod escape;
mod get;
mod list;
mod lockdown;
mod name;
mod screen;
mod secure;
mod send;
mod serve;
mod show;
mod signals;
mod sockets;
mod status;
mod stdio;
mod trace;
mod watch;
mod web;

use std::process::ExitCode;

use args::Plan;
use screen::Screen;

fn main() -> ExitCode {
    signals::outlive_limits();
    let plan = match args::plan() {
        Ok(plan) => plan,
        Err(error) => return screen::fail(&error, Screen::default()).into(),
    };
    let screen = plan.screen();
    let ended = match plan {
        Plan::Serve(plan) => serve::run(&plan),
        Plan::List(plan) => list::run(plan),
        Plan::Connect(plan) => connect::run(&plan),
        Plan::Send(plan) => send::run(&plan),
        Plan::Get(plan) => get::run(&plan),
        Plan::Bench(plan) => bench::run(&plan),
        Plan::Compare(plan) => bench::compare::run(&plan),
        Plan::Name(plan) => name::run(&plan),
        Plan::Show(plan) => show::run(&plan),
        Plan::Trace(plan) => trace::run(&plan),
        Plan::Demo(plan) => demo::run(&plan),
        Plan::Page(text) => screen::answer(&text),
    };
    ended.unwrap_or_else(|error| screen::fail(&error, screen)).into()
}
