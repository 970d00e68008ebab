//! A Rust source as the rules see it: code without comments and literals, comments, tokens and paths.

/// One file, read once.
pub(crate) struct Source {
    /// The path from the workspace's root, with slashes.
    pub(crate) path: String,
    /// The text as it is.
    pub(crate) text: String,
    /// The text with every comment, string and character blanked; the lines stay where they were.
    pub(crate) code: String,
    /// The comments alone, the same way.
    pub(crate) comments: String,
    pub(crate) tokens: Vec<Token>,
}

/// An identifier or one sign; `::` is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// A path as written, with `crate`, `self` and `super` replaced by what they mean here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ItemPath {
    pub(crate) line: usize,
    pub(crate) segments: Vec<String>,
    /// The token behind it.
    pub(crate) end: usize,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let (code, comments) = split(text);
        let code = without_tests(&code);
        let tokens = tokens(&code);
        Self { path: path.into(), text: text.into(), code, comments, tokens }
    }

    /// True for what is shipped: neither a test nor a bench nor an example.
    pub(crate) fn is_product(&self) -> bool {
        let mut parts = self.path.split('/');
        parts.next() == Some("crates")
            && parts.nth(1) == Some("src")
            && !parts.any(|part| part == "tests.rs" || part == "tests")
    }

    /// True for what other people's programs link.
    pub(crate) fn is_library(&self) -> bool {
        self.is_product() && !self.path.starts_with("crates/sock-cli/")
    }

    /// The module that the file is, from its crate's name on: `sock engine epoll`.
    pub(crate) fn module(&self) -> Vec<String> {
        let mut parts: Vec<&str> =
            self.path.trim_start_matches("crates/").trim_end_matches(".rs").split('/').collect();
        if parts.get(1) == Some(&"src") {
            parts.remove(1);
        }
        if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(last)) {
            parts.pop();
        }
        parts.into_iter().map(|part| part.replace('-', "_")).collect()
    }

    /// Every path in the code, with groups in braces spelled out.
    pub(crate) fn paths(&self) -> Vec<ItemPath> {
        let mut found = Vec::new();
        let mut i = 0;
        while i < self.tokens.len() {
            i = self.path_at(i, &[], &mut found);
        }
        let module = self.module();
        for path in &mut found {
            path.segments = absolute(&path.segments, &module);
        }
        found
    }

    /// Reads the path that begins at token `i`, if one does; returns where to go on.
    fn path_at(&self, mut i: usize, prefix: &[String], found: &mut Vec<ItemPath>) -> usize {
        let mut segments = prefix.to_vec();
        let line = self.tokens[i].line;
        let word = |i: usize| self.tokens.get(i).map_or("", |token| token.text.as_str());
        if word(i) == "::" {
            i += 1;
        }
        while is_word(word(i)) {
            segments.push(word(i).into());
            i += 1;
            if word(i) != "::" {
                break;
            }
            i += 1;
            if word(i) == "{" {
                i += 1;
                while !matches!(word(i), "}" | "") {
                    i = self.path_at(i, &segments, found);
                }
                return i + 1;
            }
        }
        if segments.len() > prefix.len() {
            found.push(ItemPath { line, segments, end: i });
            return i;
        }
        i + 1
    }
}

fn absolute(segments: &[String], module: &[String]) -> Vec<String> {
    let mut base = match segments.first().map(String::as_str) {
        Some("crate") => module[..1].to_vec(),
        Some("self" | "super") => module.to_vec(),
        _ => Vec::new(),
    };
    for segment in segments {
        match segment.as_str() {
            "super" => drop(base.pop()),
            "crate" | "self" => {}
            name => base.push(name.into()),
        }
    }
    base
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Separates code from comments; literals belong to neither.
fn split(text: &str) -> (String, String) {
    let chars: Vec<char> = text.chars().collect();
    let (mut code, mut comments) = (String::new(), String::new());
    let mut i = 0;
    while i < chars.len() {
        let before = i.checked_sub(1).map(|i| chars[i]);
        let (end, kind) = piece(&chars, i, before);
        for c in &chars[i..end] {
            let blank = if *c == '\n' { '\n' } else { ' ' };
            code.push(if kind == Kind::Code { *c } else { blank });
            comments.push(if kind == Kind::Comment { *c } else { blank });
        }
        i = end;
    }
    (code, comments)
}

#[derive(PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    Literal,
}

/// The end of the piece that begins at `i`, and what it is.
fn piece(chars: &[char], i: usize, before: Option<char>) -> (usize, Kind) {
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    match (at(i), at(i + 1)) {
        ('/', '/') => {
            let length = chars[i..].iter().position(|c| *c == '\n');
            (length.map_or(chars.len(), |n| i + n), Kind::Comment)
        }
        ('/', '*') => (block_comment(chars, i), Kind::Comment),
        ('"', _) => (string(chars, i + 1), Kind::Literal),
        ('r', '"' | '#') if !before.is_some_and(|c| is_word(&c.to_string()) && c != 'b') => {
            raw_string(chars, i).map_or((i + 1, Kind::Code), |end| (end, Kind::Literal))
        }
        // A character, and not a lifetime.
        ('\'', '\\') => (string_until(chars, i + 1, '\''), Kind::Literal),
        ('\'', _) if at(i + 2) == '\'' => (i + 3, Kind::Literal),
        _ => (i + 1, Kind::Code),
    }
}

fn block_comment(chars: &[char], start: usize) -> usize {
    let mut depth = 0;
    let mut i = start;
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => depth += 1,
            ('*', Some('/')) => depth -= 1,
            _ => {
                i += 1;
                continue;
            }
        }
        i += 2;
        if depth == 0 {
            break;
        }
    }
    i.min(chars.len())
}

fn string(chars: &[char], start: usize) -> usize {
    string_until(chars, start, '"')
}

fn string_until(chars: &[char], mut i: usize, end: char) -> usize {
    while i < chars.len() && chars[i] != end {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(chars.len())
}

fn raw_string(chars: &[char], start: usize) -> Option<usize> {
    let hashes = chars[start + 1..].iter().take_while(|c| **c == '#').count();
    let mut i = start + 1 + hashes;
    if chars.get(i) != Some(&'"') {
        return None;
    }
    i += 1;
    while i < chars.len() {
        let closing = chars[i + 1..].iter().take(hashes).filter(|c| **c == '#').count();
        if chars[i] == '"' && closing == hashes {
            return Some(i + 1 + hashes);
        }
        i += 1;
    }
    Some(i)
}

/// Blanks the modules that only tests compile.
fn without_tests(code: &str) -> String {
    let mut out = code.to_string();
    let mut from = 0;
    while let Some(at) = out[from..].find("#[cfg(test)]").map(|n| from + n) {
        from = at + 1;
        let after = &out[at..];
        let (Some(open), semicolon) = (after.find('{'), after.find(';')) else { continue };
        if semicolon.is_some_and(|s| s < open) {
            continue;
        }
        let mut depth = 0;
        let end = after.char_indices().skip_while(|(i, _)| *i < open).find_map(|(i, c)| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            (depth == 0).then_some(i + 1)
        });
        let end = at + end.unwrap_or(after.len());
        let blank: String = out[at..end].chars().filter(|c| *c == '\n').collect();
        out.replace_range(at..end, &blank);
    }
    out
}

fn tokens(code: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (n, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if first.is_alphanumeric() || first == '_' {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            tokens.push(Token { line: n + 1, text: rest[..length].into() });
            rest = rest[length..].trim_start();
        }
    }
    tokens
}
