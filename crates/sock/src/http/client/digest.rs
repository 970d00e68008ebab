//! Digest: a password that is proved and not shown (RFC 7616; RFC 2069 for servers that know no more).
//!
//! ```text
//!   request                          -->
//!   401, WWW-Authenticate: Digest    <--  realm, nonce
//!   Authorization: Digest            -->  hash(hash(user:realm:password) : nonce … : hash(method:target))
//! ```

use std::cell::Cell;

use data_encoding::HEXLOWER;
use md5::Md5;
use rustix::rand::{GetRandomFlags, getrandom};
use sha2::{Digest as _, Sha256};

use crate::http::Fields;
use crate::{Error, ErrorKind, Result};

/// A name and a password.
pub(super) type User = (String, String);

/// What a server wants to be proved, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Digest {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    hash: Hash,
    /// As the server has written it, if it has.
    algorithm: Option<String>,
    /// The secret is hashed anew with both nonces (`-sess`).
    is_session: bool,
    /// It takes a count and a nonce of ours (`qop=auth`).
    has_qop: bool,
    /// The password was right, and the nonce too old.
    pub(super) is_stale: bool,
    /// How often this nonce was answered.
    count: Cell<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hash {
    Md5,
    Sha256,
}

impl Hash {
    fn of(self, text: &str) -> String {
        match self {
            Self::Md5 => HEXLOWER.encode(&Md5::digest(text)),
            Self::Sha256 => HEXLOWER.encode(&Sha256::digest(text)),
        }
    }
}

impl Digest {
    /// The strongest that is asked for in the fields of this name and can be answered.
    pub(super) fn asked(fields: &Fields, name: &str) -> Option<Self> {
        let all = fields.all(name).flat_map(challenges);
        let digests = all.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("digest"));
        digests.filter_map(|(_, said)| Self::read(&said)).max_by_key(|digest| digest.hash)
    }

    fn read(said: &[(String, String)]) -> Option<Self> {
        // A folded line, or worse: it could not be given back.
        if said.iter().any(|(_, value)| value.contains(char::is_control)) {
            return None;
        }
        let find = |wanted: &str| {
            let found = said.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value.clone())
        };
        let algorithm = find("algorithm");
        let lower = algorithm.as_deref().unwrap_or("md5").to_ascii_lowercase();
        let (hash, is_session) = match lower.strip_suffix("-sess") {
            Some(hash) => (hash, true),
            None => (lower.as_str(), false),
        };
        let hash = match hash {
            "md5" => Hash::Md5,
            "sha-256" => Hash::Sha256,
            _ => return None,
        };
        let qop = find("qop").filter(|all| !all.trim().is_empty());
        let has_qop = match &qop {
            // Only to hash the body as well would do, which nobody asks for.
            Some(all) if !all.split(',').any(|one| one.trim().eq_ignore_ascii_case("auth")) => {
                return None;
            }
            qop => qop.is_some(),
        };
        Some(Self {
            realm: find("realm")?,
            nonce: find("nonce")?,
            opaque: find("opaque"),
            hash,
            algorithm,
            is_session,
            has_qop,
            is_stale: find("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
            count: Cell::new(0),
        })
    }

    /// What `Authorization` says for a request of this method for this target.
    pub(super) fn answer(&self, user: &User, method: &str, target: &str) -> Result<String> {
        let mut ours = [0; 16];
        getrandom(&mut ours, GetRandomFlags::empty())
            .map_err(|error| Error::new(ErrorKind::Other, format!("no random number: {error}")))?;
        Ok(self.answer_with(user, method, target, &HEXLOWER.encode(&ours)))
    }

    fn answer_with(&self, (name, word): &User, method: &str, target: &str, ours: &str) -> String {
        let Self { realm, nonce, hash, .. } = self;
        let mut secret = hash.of(&format!("{name}:{realm}:{word}"));
        if self.is_session {
            secret = hash.of(&format!("{secret}:{nonce}:{ours}"));
        }
        let asked = hash.of(&format!("{method}:{target}"));
        self.count.set(self.count.get().wrapping_add(1));
        let count = format!("{:08x}", self.count.get());
        let proof = if self.has_qop {
            hash.of(&format!("{secret}:{nonce}:{count}:{ours}:auth:{asked}"))
        } else {
            hash.of(&format!("{secret}:{nonce}:{asked}"))
        };
        let mut said = vec![
            format!("username={}", quoted(name)),
            format!("realm={}", quoted(realm)),
            format!("nonce={}", quoted(nonce)),
            format!("uri={}", quoted(target)),
            format!("response={}", quoted(&proof)),
        ];
        said.extend(self.algorithm.as_ref().map(|algorithm| format!("algorithm={algorithm}")));
        said.extend(self.opaque.as_ref().map(|opaque| format!("opaque={}", quoted(opaque))));
        if self.has_qop || self.is_session {
            said.push(format!("cnonce={}", quoted(ours)));
        }
        if self.has_qop {
            said.push(format!("nc={count}, qop=auth"));
        }
        format!("Digest {}", said.join(", "))
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The challenges of one field (RFC 9110, section 11.6.1): each scheme with what it says. Commas part
/// both challenges and what they say; a scheme is a word with a blank behind it, or alone.
fn challenges(field: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut found: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for item in items(field) {
        let item = item.trim();
        let head = item.split('=').next().unwrap_or_default();
        let rest = match head.trim_end().split_once(char::is_whitespace) {
            Some((scheme, _)) => {
                found.push((scheme.to_owned(), Vec::new()));
                item[scheme.len()..].trim_start()
            }
            None if head.len() == item.len() && !item.is_empty() => {
                found.push((item.to_owned(), Vec::new()));
                continue;
            }
            None => item,
        };
        if let Some(((_, said), (name, value))) = found.last_mut().zip(rest.split_once('=')) {
            said.push((name.trim().to_owned(), unquoted(value.trim())));
        }
    }
    found
}

/// What lies between the commas that are not within quotes.
fn items(field: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    field.split(move |c| {
        let was_escaped = std::mem::replace(&mut is_escaped, false);
        match c {
            '"' if !was_escaped => is_quoted = !is_quoted,
            '\\' if is_quoted && !was_escaped => is_escaped = true,
            _ => {}
        }
        c == ',' && !is_quoted
    })
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else { return value.to_owned() };
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let (mut text, mut is_escaped) = (String::new(), false);
    for c in inner.chars() {
        if c == '\\' && !std::mem::replace(&mut is_escaped, true) {
            continue;
        }
        is_escaped = false;
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(fields: &[&str]) -> Option<Digest> {
        let mut all = Fields::new();
        for field in fields {
            all.push("WWW-Authenticate", *field);
        }
        Digest::asked(&all, "www-authenticate")
    }

    fn proof(text: &str) -> &str {
        text.split("response=\"").nth(1).unwrap().split('"').next().unwrap()
    }

    /// RFC 7616, section 3.9.1: both hashes are offered, and the stronger is answered.
    #[test]
    fn the_example_of_the_standard_is_answered_as_there() {
        let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        let said = |algorithm| {
            format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
                 nonce=\"{nonce}\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            )
        };
        let user = ("Mufasa".to_owned(), "Circle of Life".to_owned());
        let ours = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let answer = |fields: &[&str]| {
            asked(fields).unwrap().answer_with(&user, "GET", "/dir/index.html", ours)
        };
        let (sha, md5) = (said("SHA-256"), said("MD5"));
        let both = answer(&[&md5, &sha]);
        assert_eq!(
            proof(&both),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
        assert!(both.contains("algorithm=SHA-256") && both.contains("nc=00000001, qop=auth"));
        assert_eq!(proof(&answer(&[&md5])), "8ca523f5e9506fed4657c9700eebdbec");
    }

    /// RFC 2069: neither a count nor a nonce of ours.
    #[test]
    fn an_old_server_is_answered_in_the_old_way() {
        let digest = asked(&["Digest realm=\"r\", nonce=\"n\""]).unwrap();
        let text = digest.answer_with(&("u".to_owned(), "p".to_owned()), "GET", "/", "ours");
        let hash = |text: &str| Hash::Md5.of(text);
        let expected = hash(&format!("{}:n:{}", hash("u:r:p"), hash("GET:/")));
        assert_eq!(
            text,
            format!(
                "Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"/\", response=\"{expected}\""
            )
        );
    }

    #[test]
    fn challenges_are_told_apart_whatever_stands_in_quotes() {
        let field = r#"Negotiate, Basic realm="a, \"b\" = c", Digest realm="d=\\", nonce=plain,qop=auth, X y"#;
        let found = challenges(field);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = [
            ("Negotiate".to_owned(), vec![]),
            ("Basic".to_owned(), vec![pair("realm", "a, \"b\" = c")]),
            (
                "Digest".to_owned(),
                vec![pair("realm", "d=\\"), pair("nonce", "plain"), pair("qop", "auth")],
            ),
            ("X".to_owned(), vec![]),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_empty_list_of_ways_is_none() {
        assert_eq!(
            asked(&["Digest realm=\"r\", nonce=\"n\", qop=\"\""]),
            asked(&["Digest realm=\"r\", nonce=\"n\""])
        );
    }

    #[test]
    fn what_cannot_be_answered_is_not() {
        for field in [
            "Basic realm=\"r\"",
            "Digest nonce=\"n\"",
            "Digest realm=\"r\"",
            "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"",
            "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256",
            "Digest realm=\"r\r\n X: y\", nonce=\"n\"",
            "Digest",
            "",
        ] {
            assert_eq!(asked(&[field]), None, "{field}");
        }
    }

    #[test]
    fn each_answer_with_one_nonce_has_the_next_number() {
        let digest = asked(&["Digest realm=\"r\", nonce=\"n\", qop=auth"]).unwrap();
        let user = ("a \"b\"".to_owned(), "p".to_owned());
        let answers = [1, 2].map(|_| digest.answer(&user, "GET", "/").unwrap());
        assert!(answers[0].contains("nc=00000001") && answers[1].contains("nc=00000002"));
        assert!(answers[0].starts_with("Digest username=\"a \\\"b\\\"\", realm"));
        let ours = |text: &str| text.split("cnonce=\"").nth(1).unwrap()[..32].to_owned();
        assert_ne!(ours(&answers[0]), ours(&answers[1]));
    }
}
