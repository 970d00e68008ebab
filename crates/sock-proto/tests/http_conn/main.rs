//! The web server as a conversation: what it answers to what comes, to the byte, and when it ends.

#[path = "../pump/mod.rs"]
mod pump;

mod requests;
mod web;
