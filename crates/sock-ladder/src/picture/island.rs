//! What a page's script knows: a line for each call that is drawn, who is who, which connections there are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sock_record::{Call, CallKind};

use crate::scene::Scene;
use crate::text::{count, duration, plain, preview};

/// So much of what a call moved is shown, in columns.
const PREVIEW: usize = 240;

/// The data of a page, as JSON that can stand in a `script` element: no `<` is left that could end it.
pub(super) fn island(scene: &Scene<'_, '_>, calls: &BTreeSet<usize>) -> String {
    let story = scene.story;
    let conn = |call: usize| {
        let sock = story.on(call)?;
        Some(scene.joined.mates[sock].map_or(sock, |mate| mate.min(sock)))
    };
    let mut conns: BTreeMap<usize, String> = BTreeMap::new();
    let mut procs: BTreeMap<u32, String> = BTreeMap::new();
    let mut rows: Vec<Value> = Vec::with_capacity(calls.len());
    for &n in calls {
        let call = story.calls[n];
        let conn = conn(n);
        if let Some(sock) = conn {
            conns.entry(sock).or_insert_with(|| between(scene, sock));
        }
        procs.entry(call.proc.0).or_insert_with(|| {
            let proc = story.procs.get(&call.proc);
            let name = proc.map_or("a program", |proc| &proc.name);
            let pid = proc.and_then(|proc| proc.pid).map(|pid| format!(" (pid {pid})"));
            plain(&format!("{name}{}", pid.unwrap_or_default()), 60, false)
        });
        rows.push(json!([call.ev.0, call.proc.0, conn, call.call.as_str(), about(scene, call)]));
    }
    let all = json!({
        "procs": procs.into_iter().collect::<Vec<_>>(),
        "conns": conns.into_iter().collect::<Vec<_>>(),
        "calls": rows,
    });
    // What could end the element, or be read as markup by who copies it, is written as numbers: JSON allows that.
    let mut safe = String::new();
    for c in all.to_string().chars() {
        match c {
            '<' => safe.push_str("\\u003c"),
            '>' => safe.push_str("\\u003e"),
            '&' => safe.push_str("\\u0026"),
            '\'' => safe.push_str("\\u0027"),
            c => safe.push(c),
        }
    }
    safe
}

/// A connection by its ends; a socket that has none by what it is there for.
fn between(scene: &Scene<'_, '_>, sock: usize) -> String {
    let story = scene.story;
    let line = &story.socks[sock];
    // Who met nobody was nowhere.
    let is_met = !story.is_connection(sock) || story.is_answered(sock);
    let local = line.local.as_deref().filter(|local| !local.is_empty() && is_met);
    let number = |sock: usize| format!("socket {}", story.socks[sock].sock.0);
    let text = match (local, story.peer_text(sock)) {
        (Some(local), None) if story.is_listener(sock) => format!("{local}, which listens"),
        (Some(local), Some(peer)) => format!("{local} – {peer}"),
        (None, Some(peer)) if !is_met => format!("to {peer}, where nobody answered"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => match scene.joined.mates[sock].filter(|&mate| mate != sock) {
            Some(mate) => format!("{} – {}", number(sock), number(mate)),
            None => number(sock),
        },
    };
    plain(&text, 60, false)
}

/// All that is known of a call, in lines.
fn about(scene: &Scene<'_, '_>, call: &Call) -> String {
    let mut args: Vec<String> = Vec::new();
    args.extend(call.fd.map(|fd| format!("fd {fd}")));
    args.extend(call.args.len.map(|len| format!("{} B", count(len))));
    args.extend(call.args.addr.as_deref().map(str::to_owned));
    args.extend(call.args.how.as_deref().map(str::to_owned));
    args.extend(call.args.flags.iter().map(ToString::to_string));
    for (name, value) in call.args.more.iter() {
        if !value.is_null() {
            args.push(format!("{name} {value}"));
        }
    }
    let sys = call.sys.as_deref().unwrap_or(call.call.as_str());
    let result = match (&call.err, call.ret) {
        (Some(err), _) => format!(" = {err}"),
        (None, Some(ret)) => format!(" = {ret}"),
        (None, None) => " never returned".to_owned(),
    };
    let mut lines = vec![format!("#{} {sys}({}){result}", call.ev.0, args.join(", "))];
    let ms = |t: u64| format!("{}.{:03} ms", t / 1_000_000, t / 1_000 % 1_000);
    let mut when = format!("from {}", ms(call.enter));
    if let Some(exit) = call.exit {
        when =
            format!("{when} to {}, {}", ms(exit), duration(exit.saturating_sub(call.enter), false));
    }
    lines.push(when);
    let mut state: Vec<String> = Vec::new();
    state.extend(call.state.as_deref().map(str::to_owned));
    state
        .extend(call.inq.filter(|&n| n > 0).map(|n| format!("{} B wait to be received", count(n))));
    state.extend(
        call.outq.filter(|&n| n > 0).map(|n| format!("{} B wait to be acknowledged", count(n))),
    );
    state.extend(
        call.off
            .filter(|off| !off.is_empty())
            .map(|off| format!("bytes {} to {}", count(off.start()), count(off.end()))),
    );
    if !state.is_empty() {
        lines.push(state.join(", "));
    }
    let sock = call.sock.and_then(|sock| scene.story.sock_of(sock));
    lines.extend(sock.map(|sock| between(scene, sock)));
    if let Some(data) = call.data.as_deref().filter(|data| !data.is_empty()) {
        lines.push(preview(data, call.cut, PREVIEW, false));
    }
    for note in scene.story.notes.get(&call.ev).into_iter().flatten() {
        lines.push(format!("{}: {}", note.code, note.text));
    }
    let is_wait = call.call == CallKind::Wait;
    let room = if is_wait { 400 } else { 300 };
    lines.iter().map(|line| plain(line, room, false)).collect::<Vec<_>>().join("\n")
}
