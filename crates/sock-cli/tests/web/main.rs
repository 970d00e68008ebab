//! The web server as its users meet it: the program itself against Python, curl, netcat, a browser, and clients
//! that mean no good.

#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each test program uses its part of the support")]
mod support;

mod access_log;
mod browser;
mod changing;
mod curl;
mod curl_ranges;
mod curl_uploads;
mod engines;
mod malformed;
mod paths;
mod python;
mod simple;
mod site;
mod stopping;
mod wire;
