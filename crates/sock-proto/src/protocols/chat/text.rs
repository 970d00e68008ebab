//! What members may call themselves.

/// The longest name, in letters.
const LONGEST_NAME: usize = 20;
/// How the names begin that the room gives.
const GUEST: &str = "guest-";

/// Refuses what is no name, and says what is one.
pub(super) fn check_name(name: &str) -> Result<(), &'static str> {
    let is_letter = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !(1..=LONGEST_NAME).contains(&name.chars().count()) || !name.chars().all(is_letter) {
        return Err("/name NEW: a name is 1 to 20 letters, digits, `-`, `_` or `.`");
    }
    if name.to_lowercase().starts_with(GUEST) {
        return Err("names that begin with guest- are given by the room");
    }
    Ok(())
}

/// Names that differ in case alone are the same: nobody should be taken for another.
pub(super) fn is_same_name(a: &str, b: &str) -> bool {
    let lower = |name: &str| name.to_lowercase();
    lower(a) == lower(b)
}
