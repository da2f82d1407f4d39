//! The list of specs that must pass: seconds that the real server takes, then the name.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// One spec.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spec {
    /// The whole name, texts of its containers included.
    pub(super) name: String,
    seconds: f64,
}

impl Spec {
    /// Whether it must not run beside others.
    pub(super) fn is_serial(&self) -> bool {
        self.name.contains("[Serial]")
    }

    /// A pattern that fits this spec alone.
    pub(super) fn focus(&self) -> String {
        let mut pattern = String::new();
        for letter in self.name.chars() {
            if "\\.+*?()|[]{}^$".contains(letter) {
                pattern.push('\\');
            }
            pattern.push(letter);
        }
        pattern.push('$');
        pattern
    }
}

/// The specs of the file, by default those of the contract data.
pub(super) fn read(file: Option<&Path>) -> Result<Vec<Spec>> {
    let file =
        file.map_or_else(|| crate::replay::scenarios().join("../../conformance/kubernetes-e2e.txt"), PathBuf::from);
    let text = std::fs::read_to_string(&file).with_context(|| {
        format!("cannot read the list of specs {} (set OPENCHOREO_FIXTURES, or --specs)", file.display())
    })?;
    let specs = parse(&text)?;
    if specs.is_empty() {
        bail!("{} names no spec", file.display());
    }
    Ok(specs)
}

fn parse(text: &str) -> Result<Vec<Spec>> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (seconds, name) =
                line.split_once(' ').with_context(|| format!("{line:?}: expected seconds and a name"))?;
            let seconds = seconds.parse().with_context(|| format!("{line:?}: {seconds:?} is not a number"))?;
            Ok(Spec { name: name.trim().to_owned(), seconds })
        })
        .collect()
}

/// Deals the specs into that many hands that take about the same time, the long ones first.
pub(super) fn deal(mut specs: Vec<Spec>, hands: usize) -> Vec<Vec<Spec>> {
    specs.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    let mut dealt: Vec<(f64, Vec<Spec>)> = vec![(0.0, Vec::new()); hands];
    for spec in specs {
        if let Some((seconds, hand)) = dealt.iter_mut().min_by(|(a, _), (b, _)| a.total_cmp(b)) {
            // Each has a namespace to make and to wait for.
            *seconds += spec.seconds + 1.0;
            hand.push(spec);
        }
    }
    dealt.into_iter().map(|(_, hand)| hand).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_seconds_and_become_patterns_of_themselves() {
        let specs = parse("# about\n   10.0  [sig-api-machinery] A (b) [Serial]\n    0.1  C\n").unwrap();
        assert_eq!(specs.len(), 2);
        assert_eq!(specs[0].focus(), r"\[sig-api-machinery\] A \(b\) \[Serial\]$");
        assert!(specs[0].is_serial() && !specs[1].is_serial());
        assert!(parse("name without seconds").is_err());
    }

    #[test]
    fn the_longest_spec_gets_a_hand_of_its_own() {
        let specs = parse("100 a\n1 b\n1 c\n1 d").unwrap();
        let hands = deal(specs, 2);
        let names = |hand: &[Spec]| hand.iter().map(|spec| spec.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&hands[0]), ["a"]);
        assert_eq!(names(&hands[1]), ["b", "c", "d"]);
    }
}
