//! Sets of completion indexes in the form of a Job's status: `0-3,5`.

use std::collections::BTreeSet;

/// Reads a status; what cannot be read is left out.
pub(super) fn parse(text: &str) -> BTreeSet<i32> {
    let mut found = BTreeSet::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(first), Ok(last)) = (first.parse::<i32>(), last.parse::<i32>()) {
            found.extend(first..=last);
        }
    }
    found
}

/// Writes a status: runs of three and more as `first-last`, of two as `first,last`.
pub(super) fn write(indexes: &BTreeSet<i32>) -> String {
    let mut runs: Vec<(i32, i32)> = Vec::new();
    for index in indexes {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *index => *last = *index,
            _ => runs.push((*index, *index)),
        }
    }
    let texts = runs.into_iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        1 => format!("{first},{last}"),
        _ => format!("{first}-{last}"),
    });
    texts.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::{parse, write};

    #[test]
    fn runs_are_written_short_and_read_again() {
        for text in ["", "0", "0,1", "0-2", "0,2-4,7", "1,2,4,5"] {
            assert_eq!(write(&parse(text)), text);
        }
        assert_eq!(write(&parse("3-4,x,1")), "1,3,4");
    }
}
