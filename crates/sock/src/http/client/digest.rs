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
use sha2::{Digest as _, Sha256, Sha512_256};

use super::challenge::{Challenge, challenges};
use crate::http::{Fields, Unproved};
use crate::{Error, ErrorKind, Result};

/// A name and a password.
pub(super) type User = (String, String);

type Asked<T> = std::result::Result<T, Unproved>;

/// What a server wants to be proved, and how. What it has said is kept in its very bytes: nobody knows in
/// which charset it counts them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Digest {
    realm: Vec<u8>,
    nonce: Vec<u8>,
    opaque: Option<Vec<u8>>,
    hash: Hash,
    /// As the server has written it, if it has.
    algorithm: Option<Vec<u8>>,
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
    Sha512,
}

impl Hash {
    fn named(name: &str) -> Option<Self> {
        match name {
            "md5" => Some(Self::Md5),
            "sha-256" => Some(Self::Sha256),
            "sha-512-256" => Some(Self::Sha512),
            _ => None,
        }
    }

    /// Of these parts, with a colon between two of them.
    fn of(self, parts: &[&[u8]]) -> String {
        let bytes = parts.join(&b':');
        match self {
            Self::Md5 => HEXLOWER.encode(&Md5::digest(bytes)),
            Self::Sha256 => HEXLOWER.encode(&Sha256::digest(bytes)),
            Self::Sha512 => HEXLOWER.encode(&Sha512_256::digest(bytes)),
        }
    }
}

impl Digest {
    /// The strongest that is asked for in the fields of this name, if one is.
    ///
    /// # Errors
    ///
    /// None of those that are asked for can be answered.
    pub(super) fn asked(fields: &Fields, name: &str) -> Asked<Option<Self>> {
        let all: Vec<_> = fields.all_bytes(name).flat_map(|field| challenges(&field)).collect();
        let digests = all.iter().filter(|asked| asked.scheme.eq_ignore_ascii_case(b"digest"));
        let mut best: Asked<Option<Self>> = Ok(None);
        for read in digests.map(Self::read) {
            best = match (best, read) {
                (Ok(Some(best)), Ok(read)) if best.hash >= read.hash => Ok(Some(best)),
                (_, Ok(read)) => Ok(Some(read)),
                (Ok(None), Err(why)) => Err(why),
                (best, Err(_)) => best,
            };
        }
        best
    }

    fn read(asked: &Challenge) -> Asked<Self> {
        let is_text = |value: &Vec<u8>| !value.iter().any(u8::is_ascii_control);
        // What cannot stand in a field cannot be given back.
        let find = |wanted: &str| asked.find(wanted).filter(|value| is_text(value));
        let need = |wanted: &str| {
            let missing = || Unproved::Unreadable(format!("it says no {wanted}"));
            find(wanted).ok_or_else(missing)
        };
        let shown = |value: &[u8]| value.escape_ascii().to_string();
        let algorithm = find("algorithm");
        let lower = algorithm.as_deref().map_or("md5".to_owned(), shown).to_ascii_lowercase();
        let (hash, is_session) = match lower.strip_suffix("-sess") {
            Some(hash) => (hash, true),
            None => (lower.as_str(), false),
        };
        let unknown =
            || format!("algorithm={}", algorithm.as_deref().map_or_else(String::new, shown));
        let hash = Hash::named(hash).ok_or_else(|| Unproved::Unknown(unknown()))?;
        let qop = find("qop").map(|all| shown(&all)).filter(|all| !all.trim().is_empty());
        let has_qop = match &qop {
            // Only to hash the body as well would do, which nobody asks for.
            Some(all) if !all.split(',').any(|one| one.trim().eq_ignore_ascii_case("auth")) => {
                return Err(Unproved::Unknown(format!("qop={all}")));
            }
            qop => qop.is_some(),
        };
        Ok(Self {
            realm: need("realm")?,
            nonce: need("nonce")?,
            opaque: find("opaque"),
            hash,
            algorithm,
            is_session,
            has_qop,
            is_stale: find("stale").is_some_and(|stale| stale.eq_ignore_ascii_case(b"true")),
            count: Cell::new(0),
        })
    }

    /// What `Authorization` says for a request of this method for this target.
    pub(super) fn answer(&self, user: &User, method: &str, target: &str) -> Result<Vec<u8>> {
        let mut ours = [0; 16];
        getrandom(&mut ours, GetRandomFlags::empty())
            .map_err(|error| Error::new(ErrorKind::Other, format!("no random number: {error}")))?;
        Ok(self.answer_with(user, method, target, &HEXLOWER.encode(&ours)))
    }

    fn answer_with(&self, (name, word): &User, method: &str, target: &str, ours: &str) -> Vec<u8> {
        let Self { realm, nonce, hash, .. } = self;
        let (name, ours) = (name.as_bytes(), ours.as_bytes());
        let mut secret = hash.of(&[name, realm, word.as_bytes()]);
        if self.is_session {
            secret = hash.of(&[secret.as_bytes(), nonce, ours]);
        }
        let asked = hash.of(&[method.as_bytes(), target.as_bytes()]);
        let (secret, asked) = (secret.as_bytes(), asked.as_bytes());
        self.count.set(self.count.get().wrapping_add(1));
        let count = format!("{:08x}", self.count.get());
        let proof = if self.has_qop {
            hash.of(&[secret, nonce, count.as_bytes(), ours, b"auth", asked])
        } else {
            hash.of(&[secret, nonce, asked])
        };
        let mut said = vec![
            quoted("username", name),
            quoted("realm", realm),
            quoted("nonce", nonce),
            quoted("uri", target.as_bytes()),
            quoted("response", proof.as_bytes()),
        ];
        said.extend(self.algorithm.as_ref().map(|name| [b"algorithm=", &name[..]].concat()));
        said.extend(self.opaque.as_ref().map(|opaque| quoted("opaque", opaque)));
        if self.has_qop || self.is_session {
            said.push(quoted("cnonce", ours));
        }
        if self.has_qop {
            said.push(format!("nc={count}, qop=auth").into_bytes());
        }
        [b"Digest ", &said.join(&b", "[..])[..]].concat()
    }
}

fn quoted(name: &str, value: &[u8]) -> Vec<u8> {
    let mut text = [name.as_bytes(), b"=\""].concat();
    for &byte in value {
        if matches!(byte, b'\\' | b'"') {
            text.push(b'\\');
        }
        text.push(byte);
    }
    text.push(b'"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_asked(fields: &[&[u8]]) -> Asked<Option<Digest>> {
        let mut all = Fields::new();
        for field in fields {
            all.push_bytes("WWW-Authenticate", field);
        }
        Digest::asked(&all, "www-authenticate")
    }

    fn asked(fields: &[&str]) -> Option<Digest> {
        let fields: Vec<_> = fields.iter().map(|field| field.as_bytes()).collect();
        all_asked(&fields).unwrap()
    }

    fn text(answer: Vec<u8>) -> String {
        String::from_utf8(answer).unwrap()
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
            text(asked(fields).unwrap().answer_with(&user, "GET", "/dir/index.html", ours))
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
        let answer = digest.answer_with(&("u".to_owned(), "p".to_owned()), "GET", "/", "ours");
        let hash = |text: &str| Hash::Md5.of(&[text.as_bytes()]);
        let expected = hash(&format!("{}:n:{}", hash("u:r:p"), hash("GET:/")));
        assert_eq!(
            text(answer),
            format!(
                "Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"/\", response=\"{expected}\""
            )
        );
    }

    #[test]
    fn an_empty_list_of_ways_is_none() {
        assert_eq!(
            asked(&["Digest realm=\"r\", nonce=\"n\", qop=\"\""]),
            asked(&["Digest realm=\"r\", nonce=\"n\""])
        );
    }

    #[test]
    fn what_cannot_be_answered_is_named() {
        let why = |field: &str| all_asked(&[field.as_bytes()]).unwrap_err();
        let unknown = |what: &str| Unproved::Unknown(what.to_owned());
        let lacks = |what: &str| Unproved::Unreadable(format!("it says no {what}"));
        let more = |more: &str| why(&format!("Digest realm=\"r\", nonce=\"n\", {more}"));
        assert_eq!(more("qop=\"auth-int\""), unknown("qop=auth-int"));
        assert_eq!(more("algorithm=SHA-1"), unknown("algorithm=SHA-1"));
        assert_eq!(more("algorithm=Ä"), unknown("algorithm=\\xc3\\x84"));
        assert_eq!(why("Digest nonce=\"n\""), lacks("realm"));
        assert_eq!(why("Digest realm=\"r\""), lacks("nonce"));
        assert_eq!(why("Digest"), lacks("realm"));
        assert_eq!(why("Digest realm=\"r\x01\", nonce=\"n\""), lacks("realm"));
        for field in ["Basic realm=\"r\"", ""] {
            assert_eq!(asked(&[field]), None, "{field}");
        }
        // One that can be answered is enough.
        let both =
            ["Digest realm=\"r\", nonce=\"n\", algorithm=X, Digest realm=\"r\", nonce=\"n\""];
        assert!(asked(&both).is_some());
        assert!(asked(&["Digest realm=\"r\", nonce=\"n\"", "Digest"]).is_some());
    }

    /// Whoever counts a character as one byte is answered so, and who counts it as two as well.
    #[test]
    fn a_realm_is_given_back_in_the_bytes_in_which_it_came() {
        for realm in [&b"caf\xe9"[..], "café".as_bytes(), b"a\\\"b"] {
            let field = [b"Digest realm=\"", realm, b"\", nonce=\"n\""].concat();
            let digest = all_asked(&[&field]).unwrap().unwrap();
            let answer = digest.answer_with(&("u".into(), "p".into()), "GET", "/", "ours");
            let said = [b"realm=\"", realm, b"\", "].concat();
            assert!(answer.windows(said.len()).any(|part| part == said), "{realm:?}");
            let (meant, hash) = (
                realm.iter().copied().filter(|byte| *byte != b'\\').collect::<Vec<u8>>(),
                Hash::Md5,
            );
            let secret = hash.of(&[b"u", &meant, b"p"]);
            let asked = hash.of(&[b"GET", b"/"]);
            let proof = hash.of(&[secret.as_bytes(), b"n", asked.as_bytes()]);
            assert!(String::from_utf8_lossy(&answer).contains(&proof), "{realm:?}");
        }
    }

    #[test]
    fn the_longest_hash_is_the_strongest() {
        let said = |algorithm| format!("Digest realm=\"r\", nonce=\"n\", algorithm={algorithm}");
        let all = ["SHA-256", "SHA-512-256", "MD5"].map(said);
        let digest = asked(&all.each_ref().map(String::as_str)).unwrap();
        assert_eq!(digest.hash, Hash::Sha512);
        // FIPS 180-4, as NIST gives it for "abc".
        assert_eq!(
            Hash::Sha512.of(&[b"abc"]),
            "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"
        );
    }

    #[test]
    fn each_answer_with_one_nonce_has_the_next_number() {
        let digest = asked(&["Digest realm=\"r\", nonce=\"n\", qop=auth"]).unwrap();
        let user = ("a \"b\"".to_owned(), "p".to_owned());
        let answers = [1, 2].map(|_| text(digest.answer(&user, "GET", "/").unwrap()));
        assert!(answers[0].contains("nc=00000001") && answers[1].contains("nc=00000002"));
        assert!(answers[0].starts_with("Digest username=\"a \\\"b\\\"\", realm"));
        let ours = |text: &str| text.split("cnonce=\"").nth(1).unwrap()[..32].to_owned();
        assert_ne!(ours(&answers[0]), ours(&answers[1]));
    }
}
