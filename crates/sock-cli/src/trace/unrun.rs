//! A program that cannot be run: why, and what to type instead.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::io::Errno;

/// What is said of a program that the system does not run.
pub(super) fn told(name: &str, errno: i32) -> String {
    let error = sock::Error::from_errno("", errno);
    let cure = cure(name, Errno::from_raw_os_error(errno)).map(|cure| format!("; {cure}"));
    format!("cannot run {name}: {error}{}", cure.unwrap_or_default())
}

/// What to do about it, where that can be seen.
fn cure(name: &str, errno: Errno) -> Option<String> {
    let path = Path::new(name);
    let metadata = path.metadata().ok()?;
    let is_named_by_path = name.contains('/');
    if metadata.is_dir() {
        return is_named_by_path.then(|| "it is a directory".to_owned());
    }
    let is_executable = metadata.permissions().mode() & 0o111 != 0;
    let head = head(path);
    let asked = interpreter(&head);
    let known = known(path).or(asked.as_deref().map(base)).map(|run| format!("{run} {name}"));
    let here = if is_named_by_path { name.to_owned() } else { format!("./{name}") };
    match errno {
        Errno::NOENT if is_named_by_path => {
            let asked = asked?;
            let there =
                format!("its first line asks for {}, which is not there", asked.escape_debug());
            let run = known.map(|run| format!(": write {run}, or mend that line"));
            Some(there + &run.unwrap_or_default())
        }
        Errno::NOENT | Errno::ACCESS => {
            let runs_itself = asked.is_some() || head.starts_with(b"\x7fELF");
            Some(match known {
                _ if !is_named_by_path && is_executable && runs_itself => {
                    format!("programs in this directory are written with ./ before them: {here}")
                }
                Some(run) => format!("a script is run by its interpreter: {run}"),
                None if !is_executable => {
                    format!("it may not be executed: chmod +x {name}, then write {here}")
                }
                None => return None,
            })
        }
        _ => None,
    }
}

/// How a file begins.
fn head(path: &Path) -> Vec<u8> {
    let mut head = Vec::new();
    // What cannot be read tells nothing, and a guess less is made.
    let _ = File::open(path).and_then(|file| file.take(256).read_to_end(&mut head));
    head
}

/// Whom the first line of a script asks for.
fn interpreter(head: &[u8]) -> Option<String> {
    let line = head.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let line = String::from_utf8_lossy(line);
    let mut words = line.split(' ').filter(|word| !word.is_empty());
    let first = words.next()?;
    let is_env = first.ends_with("/env");
    Some(if is_env { words.next()? } else { first }.to_owned())
}

fn base(path: &str) -> &str {
    path.trim_end().rsplit('/').next().unwrap_or(path)
}

/// Who runs files with names like this one.
fn known(path: &Path) -> Option<&'static str> {
    Some(match path.extension()?.to_str()? {
        "py" => "python3",
        "sh" => "sh",
        "js" | "mjs" => "node",
        "java" => "java",
        "jar" => "java -jar",
        "rb" => "ruby",
        "pl" => "perl",
        "php" => "php",
        _ => return None,
    })
}
