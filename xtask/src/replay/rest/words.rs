//! What is called otherwise than in the recording: hashes in names, and the day in names of releases.

use std::collections::BTreeMap;

/// Recorded names beside ours. A hash is known by the name that it ends: two names may end in one hash there and in two
/// here.
#[derive(Default)]
pub(crate) struct Words(BTreeMap<String, String>);

/// Shortest and longest word that may be a hash or a random suffix.
const HASH: std::ops::RangeInclusive<usize> = 5..=14;

fn today() -> String {
    jiff::Timestamp::now().strftime("%Y%m%d").to_string()
}

impl Words {
    /// A recorded text with our words.
    pub(super) fn in_ours(&self, text: &str) -> String {
        let mut text = text.replace("<date>", &today());
        for (recorded, ours) in &self.0 {
            if text.contains(recorded.as_str()) {
                text = text.replace(recorded.as_str(), ours);
            }
        }
        text
    }

    /// Whether the texts say the same. Words that look like hashes may differ, each always in the same way.
    pub(crate) fn same(&mut self, recorded: &str, ours: &str) -> bool {
        match recorded {
            "<uid>" | "<cursor>" | "<token>" | "<session>" => return !ours.is_empty(),
            "<time>" => return ours.parse::<jiff::Timestamp>().is_ok(),
            "<certificate>" => return ours.contains("BEGIN CERTIFICATE"),
            _ => {}
        }
        let recorded = recorded.replace("<date>", &today());
        let (theirs, mine) = (split(&recorded), split(ours));
        if theirs.len() != mine.len() {
            return false;
        }
        let mut learned = Vec::new();
        let mut name = (String::new(), String::new());
        for (recorded, ours) in theirs.iter().zip(&mine) {
            if recorded != ours && !(is_hash(recorded) && is_hash(ours)) {
                return false;
            }
            if recorded.starts_with(|one: char| one.is_ascii_alphanumeric()) || *recorded == "-" {
                name.0.push_str(recorded);
                name.1.push_str(ours);
            } else {
                name = (String::new(), String::new());
            }
            if recorded == ours {
                continue;
            }
            match self.0.get(&name.0) {
                Some(known) if *known != name.1 => return false,
                // A hash alone says nothing about what it is of.
                None if name.0 != *recorded => learned.push(name.clone()),
                _ => {}
            }
        }
        self.0.extend(learned);
        true
    }
}

/// Words and what stands between them.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(|one: char| !one.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (part, after) = if word == 0 {
            rest.split_at(rest.find(|one: char| one.is_ascii_alphanumeric()).unwrap_or(rest.len()))
        } else {
            rest.split_at(word)
        };
        parts.push(part);
        rest = after;
    }
    parts
}

fn is_hash(word: &str) -> bool {
    HASH.contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && word.bytes().any(|byte| byte.is_ascii_digit())
        && word.bytes().any(|byte| byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_may_differ_in_one_way_only() {
        let mut words = Words::default();
        assert!(words.same("release shop-6d675ddbf6 in place", "release shop-1a2b3c4d5e in place"));
        assert!(words.same("shop-6d675ddbf6", "shop-1a2b3c4d5e"));
        assert!(words.same("bank-6d675ddbf6", "bank-9f8e7d6c5b"));
        assert!(!words.same("shop-6d675ddbf6", "shop-9f8e7d6c5b"));
        assert!(!words.same("shop-development", "shop-production"));
        assert_eq!(words.in_ours("/x/shop-6d675ddbf6"), "/x/shop-1a2b3c4d5e");
    }
}
