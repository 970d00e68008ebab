//! The record of what happened between sockets: `sock-record/1`.
