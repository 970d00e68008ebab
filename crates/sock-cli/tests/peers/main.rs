//! The program against programs that are not ours: netcat, ncat, socat, curl and Python's own `socket`.

#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each test program uses its part of the support")]
mod support;

mod curl;
mod datagrams;
mod families;
mod foreign;
mod halves;
mod python;
mod python_clients;
mod python_servers;
