//! Load: what one connection of a load generator says, when, and until when it hears the reply.
//!
//! *When* a message leaves ([`When`]) and *until when* its reply is heard ([`Until`]) are two values
//! that a [`Load`] holds. Like every protocol it knows no clock and no socket, so that both are
//! tested over the virtual wire of [`sim`](crate::sim), to the nanosecond.
//!
//! ```text
//! Closed, depth 1    ask ----> reply ask ----> reply ask ----> reply      never two under way
//!
//! Open               |ask     |ask     |ask     |ask     |ask             at fixed moments
//!                    '--> r   '--------(a slow one)---> r r r
//!                                      |<-----latency----->|              counted from the moment
//! ```
//!
//! In an open loop latency is counted from the moment when a message *should* have left, not from
//! when it could: a server that stalls for a second keeps everybody waiting whose turn was within that
//! second, and a generator that waits with it, asks once, and counts one slow reply does not see that
//! (it is called coordinated omission). A moment that has passed is never skipped.
//!
//! Every message that was due ends in exactly one way: it is [answered](Meter::replied), or
//! [lost](Meter::lost) with a cause.

mod asked;
mod bulk;
mod check;
mod conn;
mod http;
mod message;
mod meter;
mod order;
mod until;

pub use self::bulk::{Bulk, Direction};
pub use self::check::Check;
pub use self::conn::Load;
pub use self::message::{BadMessage, Message};
pub use self::meter::{Cause, Meter, Oddity, Reply};
pub use self::order::{Order, Turn, When};
pub use self::until::Until;
