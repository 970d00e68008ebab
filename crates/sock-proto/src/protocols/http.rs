//! `http`: a web server (deck D11), the simple request of deck D13 included.
//!
//! It knows no file system: what it needs of one is a [`Site`].

mod about;
pub mod answer;
pub(crate) mod body;
mod conn;
mod date;
mod explain;
pub mod files;
pub mod head;
mod page;
mod parse;
mod patience;
mod request;
pub mod site;
mod work;
mod write;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

pub use self::conn::Http;
pub use self::patience::Patience;
pub use self::site::Site;

/// The names of what is spoken here, where TLS agrees on a protocol (RFC 7301): who takes another version
/// of HTTP alone is told so within the handshake, and not by an answer that it cannot read.
pub const ALPN: &[&str] = &["http/1.1", "http/1.0"];

/// What a web server offers, and how.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    /// What is answered.
    pub place: Place,
    /// A path at which nothing is gets the page at the root, for programs that run in the browser.
    pub spa: bool,
    /// Pages of other servers may read the answers.
    pub cors: bool,
    /// For so many seconds an answer may be kept without asking again.
    pub cache: Option<u32>,
    /// Fields that every answer gets.
    pub fields: Vec<(String, String)>,
    /// Who does not name this `user:password` is not answered.
    pub auth: Option<String>,
    /// Files may be stored, each of so many bytes at most.
    pub upload: Option<u64>,
    /// How long a client may take.
    pub patience: Patience,
}

/// What is answered.
#[derive(Debug, Clone, Default)]
pub enum Place {
    /// A page that explains the server.
    #[default]
    Explained,
    /// What arrived, byte for byte.
    Echo,
    /// Files.
    Site(Arc<dyn Site>),
}
