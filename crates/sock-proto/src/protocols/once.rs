//! What the services have in common that say one thing: to whoever connects, or to a datagram.

use crate::{Input, Kind, Out};

/// Says it on a stream at once and closes, and on datagrams in answer to each, whatever it holds.
pub(super) fn once(input: Input<'_>, out: &mut Out<'_>, say: impl FnOnce(&mut Out<'_>)) {
    match (input, out.kind()) {
        (Input::Open, Kind::Stream) => {
            say(out);
            out.close();
        }
        (Input::Data(_), Kind::Datagram) => say(out),
        (
            Input::Open
            | Input::Data(_)
            | Input::Eof
            | Input::Drained
            | Input::Timeout
            | Input::Stop
            | Input::Closed(_),
            _,
        ) => {}
    }
}
