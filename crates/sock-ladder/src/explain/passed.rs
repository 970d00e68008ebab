//! Sockets that went from hand to hand.

use serde_json::Value;
use sock_record::{Level, LinkKind};

use super::case::{Case, list};
use super::teller::Teller;
use crate::story::is_peek;

pub(super) fn tell(case: &Case<'_, '_>, teller: &mut Teller<'_, '_>) {
    for join in case.joined.joins.iter().filter(|join| join.kind == LinkKind::Passed) {
        let call = case.line(join.to);
        if is_peek(call) {
            continue;
        }
        let hands: Vec<&Value> =
            list(call, "passed").iter().filter(|one| one.get("sock").is_some()).collect();
        let Some(first) = hands.first() else { continue };
        let matter = (case.line(join.from).proc, call.proc);
        teller.say("passed", Level::Info, join.to, matter, || {
            let fd = first.get("fd").and_then(Value::as_i64).unwrap_or(-1);
            let more = match hands.len() {
                1 => String::new(),
                n => format!(" and {} more", n - 1),
            };
            format!(
                "a socket came with these bytes: {} now holds the same one as {}, as fd {fd}{more}; it ends when both have \
                 closed it",
                case.who(join.to),
                case.who(join.from),
            )
        });
    }
}
