//! What a check found, in order, and as a person reads it.

use std::cmp::Ordering;
use std::fmt;

use crate::problem::{Code, Place, Problem, SHOWN};

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Checked {
    /// What is wrong: it fails, or would fail for some component. In order of their places.
    pub problems: Vec<Problem>,
    /// What is probably not meant. In order of their places.
    pub warnings: Vec<Problem>,
}

impl Checked {
    /// Whether nothing is wrong; there may be warnings.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    pub(super) fn add(&mut self, code: Code, place: &Place, message: impl Into<String>) {
        self.problems.push(Problem::new(code, place, message));
    }

    pub(super) fn warn(&mut self, code: Code, place: &Place, message: impl Into<String>) {
        self.warnings.push(Problem::new(code, place, message));
    }

    pub(super) fn unreadable(&mut self, place: &Place, error: &serde_json::Error) {
        self.add(Code::Spec, &place.below("spec"), format!("the spec cannot be read: {error}"));
    }

    /// Takes over what another check found.
    pub(super) fn extend(&mut self, other: Self) {
        self.problems.extend(other.problems);
        self.warnings.extend(other.warnings);
    }

    /// Each thing once, by place.
    pub(super) fn sorted(mut self) -> Self {
        for list in [&mut self.problems, &mut self.warnings] {
            list.sort_by(order);
            list.dedup();
        }
        self
    }
}

/// By object, field, position in the expression, code and words.
pub(super) fn order(a: &Problem, b: &Problem) -> Ordering {
    natural(&a.place.object, &b.place.object)
        .then_with(|| natural(&a.place.path, &b.place.path))
        .then_with(|| a.place.position.cmp(&b.place.position))
        .then_with(|| a.code.cmp(&b.code))
        .then_with(|| a.message.cmp(&b.message))
        .then_with(|| a.place.expression.cmp(&b.place.expression))
}

/// Texts in order, runs of digits by their number: `[9]` before `[10]`.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let same = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y && !x.is_ascii_digit()).count();
        // Where the difference lies inside a character there is nothing to cut off.
        let (Some(rest_a), Some(rest_b)) = (a.get(same..), b.get(same..)) else { return a.cmp(b) };
        (a, b) = (rest_a, rest_b);
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (x, y) = (digits(a), digits(b));
        if x == 0 || y == 0 {
            return a.cmp(b);
        }
        let (number_a, number_b) = (a[..x].trim_start_matches('0'), b[..y].trim_start_matches('0'));
        let numbers = number_a.len().cmp(&number_b.len()).then_with(|| number_a.cmp(number_b)).then_with(|| x.cmp(&y));
        if numbers != Ordering::Equal {
            return numbers;
        }
        (a, b) = (&a[x..], &b[y..]);
    }
}

impl fmt::Display for Checked {
    /// Problems, then warnings, 50 of each at most, each with its code, its place and its words below; last a count.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, list) in [("error", &self.problems), ("warning", &self.warnings)] {
            for problem in list.iter().take(SHOWN) {
                write!(f, "{kind}[{}] {}", problem.code, problem.place.object)?;
                if !problem.place.path.is_empty() {
                    write!(f, ": {}", problem.place.path)?;
                }
                for line in problem.message.lines() {
                    write!(f, "\n    {line}")?;
                }
                let told = problem.message.contains("<input>");
                if let Some(expression) = problem.place.expression.as_ref().filter(|_| !told) {
                    write!(f, "\n    in ${{{}}}", expression.trim())?;
                }
                f.write_str("\n")?;
            }
            if list.len() > SHOWN {
                writeln!(f, "and {} more {kind}s", list.len() - SHOWN)?;
            }
        }
        let counted = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
        match (self.problems.len(), self.warnings.len()) {
            (0, 0) => f.write_str("nothing is wrong\n"),
            (problems, warnings) => {
                writeln!(f, "{}, {}", counted(problems, "error"), counted(warnings, "warning"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_ordered_as_people_count() {
        let mut paths = ["a[10].b", "a[9].b", "a", "a[9]", "b", "a[9].é", "a[09]", "ab"];
        paths.sort_by(|a, b| natural(a, b));
        assert_eq!(paths, ["a", "a[9]", "a[9].b", "a[9].é", "a[09]", "a[10].b", "ab", "b"]);
    }
}
