//! The classic calls over any family of socket.
