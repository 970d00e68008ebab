//! Ladders: pictures of a record, as pure functions.
