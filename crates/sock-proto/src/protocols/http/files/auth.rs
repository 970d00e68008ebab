//! Auth: who may ask (RFC 7617).
//!
//! What the client sent is compared as it came, with the secret in base64: there is one way to write a
//! name and a password in base64, so nothing is decoded, and nothing that is malformed can match.

use alloc::vec::Vec;

use subtle::{Choice, ConstantTimeEq};

use crate::protocols::http::answer::Answer;
use crate::protocols::http::head::{Head, Method};
use crate::protocols::http::{Offer, page};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Turns away who may not ask.
pub(super) fn admits(head: &Head<'_>, offer: &Offer) -> Result<(), Answer> {
    let Some(secret) = &offer.auth else { return Ok(()) };
    // A browser asks without a name whether it may ask with one (Fetch, section 4.8).
    if offer.cors && head.method == Method::Options {
        return Ok(());
    }
    let said = said(head);
    if proves(said, secret) {
        return Ok(());
    }
    let (wrong, cure) = match said {
        None => ("A name and a password are needed", "Send them as `Authorization: Basic`"),
        Some(_) => ("The name or the password is wrong", ""),
    };
    let answer = page::error(401, wrong, cure);
    Err(answer.with("WWW-Authenticate", "Basic realm=\"sock\", charset=\"UTF-8\""))
}

/// The name of who has said the password; none where none is asked for.
pub(super) fn user<'a>(head: &Head<'_>, offer: &'a Offer) -> Option<&'a str> {
    let secret = offer.auth.as_deref().filter(|secret| proves(said(head), secret))?;
    secret.split(':').next()
}

/// The one that there is: of two, nobody knows which is meant.
fn said<'a>(head: &Head<'a>) -> Option<&'a [u8]> {
    let mut fields = head.each_field("Authorization");
    fields.next().filter(|_| fields.next().is_none())
}

fn proves(said: Option<&[u8]>, secret: &str) -> bool {
    said.and_then(basic).is_some_and(|said| is_same(said, &base64(secret.as_bytes())))
}

/// What follows the scheme.
fn basic(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(6)?;
    scheme.eq_ignore_ascii_case(b"basic ").then(|| super::range::trimmed(rest))
}

/// Compares in a time that depends on the length of what was said alone: neither where the two
/// differ nor how long the secret is can be measured.
fn is_same(said: &[u8], secret: &[u8]) -> bool {
    let mut same = (said.len() as u64).ct_eq(&(secret.len() as u64));
    for (byte, secret) in said.iter().zip(secret.iter().cycle()) {
        same &= byte.ct_eq(secret);
    }
    // Nothing was compared where one of them is empty.
    same &= Choice::from(u8::from(!secret.is_empty()));
    same.into()
}

/// Base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |n: usize| usize::from(chunk.get(n).copied().unwrap_or(0));
        let (a, b, c) = (byte(0), byte(1), byte(2));
        let sextets = [a >> 2, (a & 3) << 4 | b >> 4, (b & 15) << 2 | c >> 6, c & 63];
        for (n, sextet) in sextets.into_iter().enumerate() {
            text.push(if n <= chunk.len() { ALPHABET[sextet] } else { b'=' });
        }
    }
    text
}
