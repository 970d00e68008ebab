//! Origin: whether a page of another site has a browser send a request.
//!
//! Any page may hold a form that posts here from behind its reader's firewall; the browser sends it
//! without asking, and names the page's origin. Programs name none and are not held up.

use crate::protocols::http::answer::Answer;
use crate::protocols::http::head::Head;
use crate::protocols::http::page;

/// Turns away what another site's page has a browser send.
pub(super) fn admits(head: &Head<'_>) -> Result<(), Answer> {
    // `none` is a person who typed the address.
    let fetched = head.each_field("Sec-Fetch-Site");
    let mut fetched = fetched.map(|value| matches!(value, b"same-origin" | b"none"));
    let mut named = head.each_field("Origin").map(|origin| is_own(origin, head.field("Host")));
    if fetched.all(|own| own) && named.all(|own| own) {
        return Ok(());
    }
    Err(page::error(
        403,
        "A page of another site asks to store files here",
        "Use the form on the page of the folder, or a program such as curl",
    ))
}

/// Tells whether `origin` is the one that the request went to (RFC 6454). Whether that was by TLS is
/// not known here, and one host that speaks both is one site to us.
fn is_own(origin: &[u8], host: Option<&[u8]>) -> bool {
    let (Some(host), Some((authority, port))) = (host, authority(origin)) else { return false };
    let bare = |name: &'_ [u8]| name.len() - name.strip_suffix(port).map_or(0, |_| port.len());
    let (authority, host) = (&authority[..bare(authority)], &host[..bare(host)]);
    !authority.is_empty() && authority.eq_ignore_ascii_case(host)
}

/// Host and port, and the port that may be left out.
fn authority(origin: &[u8]) -> Option<(&[u8], &'static [u8])> {
    let after = |scheme: &[u8]| {
        let (begin, rest) = origin.split_at_checked(scheme.len())?;
        begin.eq_ignore_ascii_case(scheme).then_some(rest)
    };
    let plain = after(b"http://").map(|rest| (rest, &b":80"[..]));
    plain.or_else(|| after(b"https://").map(|rest| (rest, &b":443"[..])))
}
