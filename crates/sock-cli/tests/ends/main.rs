//! The end of a conversation is exact: for `connect` and for `serve stdio`, in each state of the two
//! directions, in both directions, whether a direction's source ends or its reader is gone.
//!
//! | state | before the end that is looked at |
//! |---|---|
//! | quiet | both directions are open and empty |
//! | filled | both are full to the brim: nobody reads, at either side |
//! | done | the other direction has ended already |

#![allow(clippy::unwrap_used, reason = "what fails of the bench fails the test")]

mod rig;
#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each test program uses its part of the support")]
mod support;

use rig::{Over, Rig, Side};

/// Runs a case for both programs, over a TCP port and over a unix socket.
fn each_side(case: impl Fn(Rig)) {
    for side in [Side::Connect, Side::Serve] {
        for over in [Over::Tcp, Over::Unix] {
            case(Rig::start(side, over));
        }
    }
}

/// Runs a case for both programs over TCP: a unix socket has no reset that loses nothing.
fn each_side_over_tcp(case: impl Fn(Rig)) {
    for side in [Side::Connect, Side::Serve] {
        case(Rig::start(side, Over::Tcp));
    }
}

#[test]
fn quiet_and_our_input_ends() {
    each_side(|mut rig| {
        rig.end_input();
        rig.peer_hears_the_end(b"");
        rig.peer_says(b"a late reply");
        rig.output_is(b"a late reply");
        rig.peer_ends();
        rig.output_ends(b"");
        rig.done();
    });
}

#[test]
fn quiet_and_the_peer_ends() {
    each_side(|mut rig| {
        rig.peer_ends();
        rig.output_ends(b"");
        rig.say(b"we still talk");
        rig.peer_hears(b"we still talk");
        rig.end_input();
        rig.peer_hears_the_end(b"");
        rig.done();
    });
}

#[test]
fn filled_and_our_input_ends() {
    each_side(|mut rig| {
        let (ours, theirs) = rig.fill();
        rig.end_input();
        rig.peer_hears_the_end(&ours);
        rig.output_is(&theirs);
        rig.peer_says(b"a late reply");
        rig.peer_ends();
        rig.output_ends(b"a late reply");
        rig.done();
    });
}

#[test]
fn filled_and_the_peer_ends() {
    each_side(|mut rig| {
        let (ours, theirs) = rig.fill();
        rig.peer_ends();
        rig.output_ends(&theirs);
        rig.peer_hears(&ours);
        rig.say(b"we still talk");
        rig.end_input();
        rig.peer_hears_the_end(b"we still talk");
        rig.done();
    });
}

#[test]
fn done_there_and_our_input_ends() {
    each_side(|mut rig| {
        rig.peer_says(b"all they say");
        rig.peer_ends();
        rig.output_ends(b"all they say");
        rig.say(b"all we say");
        rig.end_input();
        rig.peer_hears_the_end(b"all we say");
        rig.done();
    });
}

#[test]
fn done_here_and_the_peer_ends() {
    each_side(|mut rig| {
        rig.say(b"all we say");
        rig.end_input();
        rig.peer_hears_the_end(b"all we say");
        rig.peer_says(b"all they say");
        rig.peer_ends();
        rig.output_ends(b"all they say");
        rig.done();
    });
}

#[test]
fn quiet_and_our_reader_is_gone() {
    each_side(|mut rig| {
        rig.leave_output();
        rig.peer_talks_to_the_end(b"into the void");
        rig.ends_quietly();
    });
}

#[test]
fn filled_and_our_reader_is_gone() {
    each_side(|mut rig| {
        rig.fill();
        rig.leave_output();
        rig.peer_sees_us_gone();
        rig.ends_quietly();
    });
}

#[test]
fn done_here_and_our_reader_is_gone() {
    each_side(|mut rig| {
        rig.end_input();
        rig.peer_hears_the_end(b"");
        rig.leave_output();
        rig.peer_talks_to_the_end(b"into the void");
        rig.ends_quietly();
    });
}

#[test]
fn quiet_and_the_peer_is_gone() {
    each_side_over_tcp(|mut rig| {
        rig.peer_says(b"six...");
        rig.output_is(b"six...");
        rig.peer_resets();
        rig.output_ends(b"");
        rig.was_cut_short_after(6);
    });
}

#[test]
fn filled_and_the_peer_is_gone() {
    each_side_over_tcp(|mut rig| {
        let (_, theirs) = rig.fill();
        // All that our side of the connection has, be it read already or not.
        let arrived = theirs.len() - rig.peer_still_owes();
        rig.peer_resets();
        rig.output_ends(&theirs[..arrived]);
        rig.was_cut_short_after(arrived);
    });
}

#[test]
fn done_there_and_the_peer_is_gone() {
    each_side_over_tcp(|mut rig| {
        rig.peer_says(b"six...");
        rig.peer_ends();
        rig.output_ends(b"six...");
        rig.peer_resets();
        // Our own end would be an end like any other: what is said now is what gets lost.
        rig.keep_saying(b"anybody?");
        rig.was_cut_short_after(6);
    });
}
