//! The pictures as their readers meet them: a page in a browser that is moved over, typed to and measured.

#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each test program uses its part of the support")]
mod support;

mod browser;
mod page;
mod room;
mod stage;
