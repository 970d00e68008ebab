//! The arguments of `connect` and `send`.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use sock_proto::protocols::Framing;

use super::callable;
use super::screen::ScreenArgs;
use super::sockets::SocketArgs;
use super::tls::CallTlsArgs;
use super::values::{Bytes, bytes, duration, size};
use crate::status::Usage;
use crate::{connect, escape, send};

#[derive(Args, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(super) struct ConnectArgs {
    /// Whom to call: HOST:PORT, udp://HOST:PORT, tls://HOST:PORT, unix:PATH …
    #[arg(value_name = "ENDPOINT")]
    endpoint: String,
    /// End each line with CR LF
    #[arg(long)]
    crlf: bool,
    /// Show what arrives as a hex dump
    #[arg(long)]
    hex: bool,
    /// Take \x00, \r, \n … in what is typed for the bytes that they stand for
    #[arg(long)]
    escape: bool,
    /// What stands before the line that is typed (on a terminal)
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,
    /// Close once the peer has sent these bytes
    #[arg(long, value_name = "BYTES", value_parser = bytes, allow_hyphen_values = true)]
    until: Option<Bytes>,
    /// Wait so long until something listens there
    #[arg(long, value_name = "TIME", value_parser = duration)]
    wait: Option<Duration>,
    /// Only see whether somebody is there
    #[arg(short = 'z', long = "zero", conflicts_with_all = ["recv_only", "send_only", "until"])]
    zero: bool,
    /// Send nothing
    #[arg(long, conflicts_with = "send_only")]
    recv_only: bool,
    /// Show nothing, and leave once everything is sent
    #[arg(long)]
    send_only: bool,
    /// What of the input is one datagram: line, a size, or all
    #[arg(long, value_name = "line|SIZE|all", default_value = "line", value_parser = framing)]
    datagram: Framing,
    /// How long to wait for one more datagram once the input has ended
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1s")]
    wait_reply: Duration,
    #[command(flatten)]
    sockets: SocketArgs,
    #[command(flatten)]
    tls: CallTlsArgs,
    #[command(flatten)]
    screen: ScreenArgs,
}

#[derive(Args, Debug)]
pub(super) struct SendArgs {
    /// Whom to call: HOST:PORT, udp://HOST:PORT, tls://HOST:PORT, unix:PATH …
    #[arg(value_name = "ENDPOINT")]
    endpoint: String,
    /// What to send, one after the other
    #[arg(value_name = "MESSAGE", required = true)]
    messages: Vec<String>,
    /// Send no line end after a message
    #[arg(long)]
    raw: bool,
    /// Take \x00, \r, \n … in the messages for the bytes that they stand for
    #[arg(long)]
    escape: bool,
    /// Wait for no reply
    #[arg(long, conflicts_with = "wait_reply")]
    no_reply: bool,
    /// How long to wait for each reply; 3s for a datagram, for ever on a stream
    #[arg(long, value_name = "TIME", value_parser = duration)]
    wait_reply: Option<Duration>,
    #[command(flatten)]
    sockets: SocketArgs,
    #[command(flatten)]
    tls: CallTlsArgs,
    #[command(flatten)]
    screen: ScreenArgs,
}

fn framing(text: &str) -> Result<Framing, String> {
    match text {
        "line" => Ok(Framing::Line),
        "all" => Ok(Framing::All),
        _ => match size(text) {
            Ok(0) => Err("a datagram of 0 bytes would never use the input up".to_owned()),
            Ok(size) => Ok(Framing::Size(size)),
            Err(_) => Err("write line, all, or a number of bytes".to_owned()),
        },
    }
}

impl ConnectArgs {
    pub(super) fn plan(self) -> Result<connect::Plan> {
        let way = match (self.zero, self.recv_only, self.send_only) {
            (true, _, _) => connect::Way::Probe,
            (_, true, _) => connect::Way::Receive,
            (_, _, true) => connect::Way::Send,
            (false, false, false) => connect::Way::Both,
        };
        let endpoint = callable(&self.endpoint)?;
        Ok(connect::Plan {
            tls: self.tls.plan(&endpoint)?,
            endpoint,
            typed: crate::stdio::Typed { crlf: self.crlf, escape: self.escape },
            hex: self.hex,
            prompt: self.prompt.unwrap_or_default(),
            until: self.until.unwrap_or_default(),
            wait: self.wait,
            way,
            framing: self.datagram,
            wait_reply: self.wait_reply,
            sockets: self.sockets.plan(),
            screen: self.screen.plan(),
        })
    }
}

impl SendArgs {
    pub(super) fn plan(self) -> Result<send::Plan> {
        let message = |text: &String| {
            if self.escape {
                escape::decode(text.as_bytes()).map_err(|wrong| Usage(wrong.to_string()))
            } else {
                Ok(text.clone().into_bytes())
            }
        };
        let endpoint = callable(&self.endpoint)?;
        Ok(send::Plan {
            tls: self.tls.plan(&endpoint)?,
            endpoint,
            messages: self.messages.iter().map(message).collect::<Result<_, _>>()?,
            raw: self.raw,
            replies: match (self.no_reply, self.wait_reply) {
                (true, _) => send::Replies::None,
                (false, Some(time)) => send::Replies::Within(time),
                (false, None) => send::Replies::Each,
            },
            sockets: self.sockets.plan(),
            screen: self.screen.plan(),
        })
    }
}
