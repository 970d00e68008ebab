//! Files that change while they are sent: what was promised comes, or the conversation is cut; never anything else.

use std::fs::{self, OpenOptions};
use std::io::Write;

use crate::site::{Site, numbered};
use crate::wire::Wire;

/// More than kernels hold between a server and a client that does not read.
const LEN: usize = 24_000_000;

/// So much is left of a file that is cut.
const CUT: usize = 10_000;

/// What is done to the file, and how much of the old one must come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Shrinks,
    Grows,
    IsReplaced,
    IsDeleted,
}

fn change(site: &Site, change: Change) {
    let path = site.path("big.bin");
    match change {
        Change::Shrinks => {
            let file = OpenOptions::new().write(true).open(path).expect("it is there");
            file.set_len(CUT as u64).expect("it can be cut");
        }
        Change::Grows => {
            let mut file = OpenOptions::new().append(true).open(path).expect("it is there");
            file.write_all(&vec![b'+'; 1_000_000]).expect("it can grow");
        }
        Change::IsReplaced => {
            let other = site.beside("other");
            fs::write(&other, vec![b'-'; LEN]).expect("a file can be written");
            fs::rename(other, path).expect("it can be replaced");
        }
        Change::IsDeleted => fs::remove_file(path).expect("it can be removed"),
    }
}

/// What comes of a file that was cut: a beginning of it. What the kernel is sending by itself lies in its own memory
/// of the file, of which it blanks what was cut off, in pages as large as it likes.
#[track_caller]
fn is_a_beginning(rest: &[u8], all: &[u8], may_be_blanked: bool) {
    for (at, (came, was)) in rest.iter().zip(all).enumerate() {
        let is_blanked = may_be_blanked && *came == 0 && at >= CUT;
        assert!(came == was || is_blanked, "{came:#x} instead of {was:#x} at {at}");
    }
}

#[test]
fn the_next_answer_is_never_corrupted() {
    let all = numbered(LEN);
    let changes = [Change::Shrinks, Change::Grows, Change::IsReplaced, Change::IsDeleted];
    for more in [&["--engine", "epoll"][..], &["--engine", "threads"], &["-v"]] {
        for what in changes {
            let site = Site::new().with("big.bin", &all).with("small.txt", "small\n");
            let server = site.serve(more);
            let mut wire = Wire::to(&server);
            // The second request waits behind the first from the beginning.
            wire.send(
                "GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\nGET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n",
            );
            let head = wire.head();
            assert_eq!(head.length(), Some(LEN), "{what:?}");
            change(&site, what);
            if what == Change::Shrinks {
                let (rest, _) = wire.rest();
                assert!(rest.len() < LEN, "{more:?}: {} B came", rest.len());
                is_a_beginning(&rest, &all, more != ["-v"]);
            } else {
                assert!(wire.exactly(LEN) == all, "{what:?} {more:?}");
                assert_eq!(wire.answer().text(), "small\n", "{what:?} {more:?}");
                // And from now on it is what it is.
                let after = wire.get("/big.bin");
                let expected = match what {
                    Change::Grows => (200, LEN + 1_000_000),
                    Change::IsReplaced => (200, LEN),
                    Change::Shrinks | Change::IsDeleted => (404, after.body.len()),
                };
                assert_eq!((after.status, after.body.len()), expected, "{what:?} {more:?}");
                assert!(what != Change::IsReplaced || after.body[0] == b'-');
            }
            // Whoever comes next is served in any case.
            assert_eq!(Wire::to(&server).get("/small.txt").text(), "small\n", "{what:?}");
            drop(wire);
            server.stop();
        }
    }
}

/// A file that is written all the time: each answer is as long as it says, and another may follow.
#[test]
fn a_file_that_is_written_again_and_again_keeps_the_conversation_whole() {
    let site = Site::new().with("log.txt", "0\n").with("small.txt", "small\n");
    let server = site.serve(&[]);
    let mut wire = Wire::to(&server);
    for n in 0..200usize {
        let text = format!("{n}\n").repeat(n * 50 % 1_999);
        fs::write(site.path("log.txt"), &text).expect("a file can be written");
        let answer = wire.get("/log.txt");
        assert_eq!((answer.status, answer.text()), (200, text), "{n}");
        assert_eq!(wire.get("/small.txt").text(), "small\n", "{n}");
    }
    drop(wire);
    server.stop();
}
