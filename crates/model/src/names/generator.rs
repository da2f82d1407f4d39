//! The name generator. Its output is part of the contract: names must come out as they always did.

use std::borrow::Cow;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// Longest name of most objects.
pub const MAX_NAME: usize = 253;
/// Longest name of namespaces, and longest label value.
pub const MAX_LABEL: usize = 63;
const HASH: usize = 8;

/// A valid name of at most `limit` characters from parts that may be anything: the cleaned parts, each cut to its share,
/// and a hash of the parts as they were. The hash is there always, so that two lists of parts seldom meet in one name.
///
/// `limit` must leave room for the hash and one character of each part; it is 52 or more everywhere.
pub fn generate(limit: usize, parts: &[&str]) -> String {
    generate_with(limit, "", parts)
}

/// As [`generate`], with something more that enters the hash only.
pub fn generate_with(limit: usize, extra: &str, parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hasher.update("-");
        }
        hasher.update(part);
    }
    if !extra.is_empty() {
        hasher.update("-");
        hasher.update(extra);
    }
    let digest = hasher.finalize();
    let hash = digest.iter().take(HASH / 2).fold(0_u32, |hash, byte| hash << 8 | u32::from(*byte));

    let count = parts.len().max(1);
    let room = limit.saturating_sub(HASH + count);
    let mut name = String::with_capacity(limit);
    for (index, part) in parts.iter().enumerate() {
        let share = room / count + usize::from(index < room % count);
        name.push_str(cut(clean(part).trim_matches(['-', '.']), share));
        name.push('-');
    }
    let _ = write!(name, "{hash:08x}");
    name.trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
}

/// The part in small letters, with a hyphen for what no name has.
fn clean(part: &str) -> Cow<'_, str> {
    if part.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.')) {
        return Cow::Borrowed(part);
    }
    let lower = part.chars().flat_map(char::to_lowercase);
    lower.map(|c| if c.is_alphanumeric() || c == '-' || c == '.' { c } else { '-' }).collect()
}

fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}
