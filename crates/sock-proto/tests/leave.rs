//! Who leaves sends what it owes and waits for nothing more.

mod pump;

use std::cell::RefCell;
use std::rc::Rc;

use pump::Pump;
use sock_proto::{By, Command, How, Input, Out, Peer, Protocol, Reason};

/// Answers and leaves.
#[derive(Default)]
struct Hasty {
    closed: Rc<RefCell<Vec<Reason>>>,
}

impl Protocol for Hasty {
    fn handle(&mut self, input: Input<'_>, out: &mut Out<'_>) {
        match input {
            Input::Data(bytes) => {
                out.send(bytes);
                out.leave();
            }
            Input::Closed(reason) => self.closed.borrow_mut().push(reason),
            Input::Open | Input::Eof | Input::Drained | Input::Timeout | Input::Stop => {}
        }
    }
}

#[test]
fn leaving_flushes_first_and_does_not_wait_for_the_peer_to_end() {
    let hasty = Hasty::default();
    let closed = Rc::clone(&hasty.closed);
    let mut pump = Pump::new(hasty);
    pump.takes.insert(Peer::FIRST, 2);
    pump.open(Peer::FIRST, sock_proto::Kind::Stream);
    pump.data(Peer::FIRST, b"hello");
    assert_eq!((pump.text(Peer::FIRST).as_str(), pump.commands(Peer::FIRST)), ("he", &[][..]));
    assert!(!pump.session.wants_read(Peer::FIRST, &pump.cx));
    pump.takes.clear();
    pump.data(Peer::FIRST, b"unheard");
    assert_eq!(pump.text(Peer::FIRST), "hello");
    assert_eq!(pump.commands(Peer::FIRST), [Command::Finish, Command::Close]);
    assert_eq!(*closed.borrow(), [Reason { by: By::Us, how: How::Fin }]);
    assert!(pump.session.is_done());
}
