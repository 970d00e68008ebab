//! Challenge: what a server asks who wants to be let in (RFC 9110, section 11.6.1), in its very bytes.

/// One way to prove who one is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    /// `Basic`, `Digest`.
    pub(super) scheme: Vec<u8>,
    said: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Challenge {
    /// What it says under this name.
    pub(super) fn find(&self, wanted: &str) -> Option<Vec<u8>> {
        let wanted = wanted.as_bytes();
        let found = self.said.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.clone())
    }
}

/// The challenges of one field: each scheme with what it says. Commas part both challenges and what they
/// say; a scheme is a word with a blank behind it, or alone.
pub(super) fn challenges(field: &[u8]) -> Vec<Challenge> {
    let mut found: Vec<Challenge> = Vec::new();
    for item in items(field) {
        let item = item.trim_ascii();
        let head = item.split(|&byte| byte == b'=').next().unwrap_or_default();
        let blank = head.trim_ascii_end().iter().position(u8::is_ascii_whitespace);
        let rest = match blank {
            Some(blank) => {
                found.push(Challenge { scheme: item[..blank].to_vec(), said: Vec::new() });
                item[blank..].trim_ascii_start()
            }
            None if head.len() == item.len() && !item.is_empty() => {
                found.push(Challenge { scheme: item.to_vec(), said: Vec::new() });
                continue;
            }
            None => item,
        };
        let equals = rest.iter().position(|&byte| byte == b'=');
        if let Some((challenge, equals)) = found.last_mut().zip(equals) {
            let (name, value) = (rest[..equals].trim_ascii(), rest[equals + 1..].trim_ascii());
            challenge.said.push((name.to_vec(), unquoted(value)));
        }
    }
    found
}

/// What lies between the commas that are not within quotes.
fn items(field: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    field.split(move |&byte| {
        let was_escaped = std::mem::replace(&mut is_escaped, false);
        match byte {
            b'"' if !was_escaped => is_quoted = !is_quoted,
            b'\\' if is_quoted && !was_escaped => is_escaped = true,
            _ => {}
        }
        byte == b',' && !is_quoted
    })
}

fn unquoted(value: &[u8]) -> Vec<u8> {
    let Some(inner) = value.strip_prefix(b"\"") else { return value.to_vec() };
    let inner = inner.strip_suffix(b"\"").unwrap_or(inner);
    let (mut text, mut is_escaped) = (Vec::new(), false);
    for &byte in inner {
        if byte == b'\\' && !std::mem::replace(&mut is_escaped, true) {
            continue;
        }
        is_escaped = false;
        text.push(byte);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_told_apart_whatever_stands_in_quotes() {
        let field = br#"Negotiate, Basic realm="a, \"b\" = c", Digest realm="d=\\", nonce=plain,qop=auth, X y"#;
        let asked = |scheme: &str, said: &[(&str, &str)]| Challenge {
            scheme: scheme.into(),
            said: said.iter().map(|&(name, value)| (name.into(), value.into())).collect(),
        };
        let expected = [
            asked("Negotiate", &[]),
            asked("Basic", &[("realm", "a, \"b\" = c")]),
            asked("Digest", &[("realm", "d=\\"), ("nonce", "plain"), ("qop", "auth")]),
            asked("X", &[]),
        ];
        assert_eq!(challenges(field), expected);
    }
}
