//! The options of every verb that opens sockets.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use sock::IpFamily;

use super::values::{duration, size};
use crate::sockets::{Sockets, Source};

#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Sockets")]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(super) struct SocketArgs {
    /// How long to wait for a connection
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10s")]
    connect_timeout: Duration,
    /// End a conversation in which nothing moves for so long
    #[arg(long, value_name = "TIME", value_parser = duration)]
    idle_timeout: Option<Duration>,
    /// How long to wait for the peer's end after ours; 2s where nobody listens to it any more
    #[arg(long, value_name = "TIME", value_parser = duration)]
    linger: Option<Duration>,
    /// Our own address, port, or both
    #[arg(long, value_name = "ADDR")]
    bind: Option<Source>,
    /// IPv4 only
    #[arg(short = '4', long = "ipv4", conflicts_with = "ipv6")]
    ipv4: bool,
    /// IPv6 only
    #[arg(short = '6', long = "ipv6")]
    ipv6: bool,
    /// Send small pieces at once (Nagle's algorithm off); this is the default
    #[arg(long, overrides_with = "no_nodelay")]
    nodelay: bool,
    /// Let the kernel gather small pieces (Nagle's algorithm on)
    #[arg(long, overrides_with = "nodelay")]
    no_nodelay: bool,
    /// Probe a silent peer after so long
    #[arg(long, value_name = "TIME", value_parser = keepalive, num_args = 0..=1,
          require_equals = true, default_missing_value = "60s")]
    keepalive: Option<Duration>,
    /// The size of the receive buffer
    #[arg(long, value_name = "SIZE", value_parser = size)]
    rcvbuf: Option<usize>,
    /// The size of the send buffer
    #[arg(long, value_name = "SIZE", value_parser = size)]
    sndbuf: Option<usize>,
    /// How many routers a packet may pass
    #[arg(long, value_name = "HOPS", value_parser = clap::value_parser!(u8).range(1..))]
    ttl: Option<u8>,
    /// The type of service of each packet
    #[arg(long, value_name = "BYTE")]
    tos: Option<u8>,
    /// Close with a reset (RST)
    #[arg(long)]
    reset: bool,
    /// Write all that happens to FILE, for `sock show`
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

/// What `TCP_KEEPIDLE` takes (tcp(7)): a part of a second would be lost.
fn keepalive(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time.subsec_nanos() != 0 || !(1..=32_767).contains(&time.as_secs()) {
        return Err("write whole seconds, 1s to 32767s".to_owned());
    }
    Ok(time)
}

impl SocketArgs {
    pub(super) fn plan(self) -> Sockets {
        let family = match (self.ipv4, self.ipv6) {
            (true, _) => Some(IpFamily::V4),
            (false, true) => Some(IpFamily::V6),
            (false, false) => None,
        };
        Sockets {
            connect_timeout: self.connect_timeout,
            idle: self.idle_timeout,
            linger: self.linger,
            source: self.bind,
            family,
            no_delay: !self.no_nodelay,
            keepalive: self.keepalive,
            receive_buffer: self.rcvbuf,
            send_buffer: self.sndbuf,
            ttl: self.ttl,
            tos: self.tos,
            reset: self.reset,
            record: self.record,
        }
    }
}
