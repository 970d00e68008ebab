//! Cure: what can be done about a refusal.

use sock::http::{Fields, Unproved};

use super::{Auth, Plan};

/// What the user can do about a refusal, where this program's own words are better than general ones.
pub(super) fn cure(
    plan: &Plan,
    url: &str,
    status: u16,
    fields: &Fields,
    unproved: Option<&Unproved>,
) -> Option<String> {
    match unproved {
        Some(Unproved::Stream) => {
            let text = "a digest of the password is asked for, and then the body is sent again, which \
                        stdin or a pipe cannot be: name a file";
            return Some(text.to_owned());
        }
        Some(why @ (Unproved::Unknown(_) | Unproved::Unreadable(_))) => {
            return Some(why.to_string());
        }
        None => {}
    }
    let authority = url.split_once("//").map_or(url, |(_, rest)| rest).split('/').next();
    let names_user = authority.is_some_and(|authority| authority.contains('@'));
    let challenges: Vec<&str> = fields.all("www-authenticate").map(str::trim_start).collect();
    let speaks = |scheme: &str| {
        challenges.iter().any(|it| {
            it.split([' ', ',']).next().is_some_and(|word| word.eq_ignore_ascii_case(scheme))
        })
    };
    let is_token = speaks("Bearer") && !speaks("Basic") && !speaks("Digest");
    let is_tls = fields.all("upgrade").any(|name| name.trim_start().starts_with("TLS/"));
    let cure = match (status, &plan.asking.auth) {
        (400 | 426, _) if is_tls => Some("this port speaks TLS: write https://"),
        (401, Auth::Bearer(_)) => Some("this token was not accepted"),
        (401, Auth::None | Auth::Basic(..)) if is_token => Some("say who you are: --bearer TOKEN"),
        (401, Auth::None) if !names_user => Some("say who you are: --user NAME:PASSWORD"),
        (401, Auth::Basic(..) | Auth::None) => Some("this name or password was not accepted"),
        _ => None,
    };
    cure.map(str::to_owned)
}

/// Whether the library says what can be done about a status.
pub(super) fn has_own_cure(status: u16) -> bool {
    matches!(status, 401 | 404 | 410 | 429 | 500..)
}

/// A status that says that the answer is somewhere else.
pub(super) fn redirect(status: u16) -> Option<&'static str> {
    match status {
        301 => Some("301 Moved Permanently"),
        302 => Some("302 Found"),
        303 => Some("303 See Other"),
        307 => Some("307 Temporary Redirect"),
        308 => Some("308 Permanent Redirect"),
        _ => None,
    }
}
