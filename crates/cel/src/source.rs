//! Places in an expression's text, and problems at those places.

use std::fmt;

/// A range of bytes in the source text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    /// A span from byte offsets.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start: u32::try_from(start).unwrap_or(u32::MAX), end: u32::try_from(end).unwrap_or(u32::MAX) }
    }

    /// From the start of this one to the end of the other.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start, end: other.end.max(self.start) }
    }

    /// The text under the span.
    pub fn of(self, source: &str) -> &str {
        source.get(self.start as usize..self.end as usize).unwrap_or("")
    }
}

/// What kind of problem an [`Issue`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IssueKind {
    /// The text is no expression.
    Syntax,
    /// A macro was used wrongly.
    Macro,
    /// A name is not declared.
    Undeclared,
    /// A type does not fit.
    Type,
    /// Too large or too deep.
    Limit,
    /// How many more there are than are told.
    Truncated,
}

/// More problems than these are counted, not told: each holds a line of the source.
const TOLD: usize = 100;

/// The problems of one text, the first of them and a count of the rest.
#[derive(Debug, Default)]
pub(crate) struct Issues {
    told: Vec<Issue>,
    more: usize,
}

impl Issues {
    pub(crate) fn add(&mut self, source: &str, kind: IssueKind, span: Span, at: u32, message: impl Into<String>) {
        if self.told.len() < TOLD {
            self.told.push(Issue::new(source, kind, span, at, message));
        } else {
            self.more += 1;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// In order of place, the count at the end.
    pub(crate) fn sorted(mut self, source: &str) -> Vec<Issue> {
        self.told.sort_by_key(|issue| (issue.line, issue.column));
        if self.more > 0 {
            let end = Span::new(source.len(), source.len());
            let message = format!("{} more errors were truncated", self.more);
            let mut count = Issue::new(source, IssueKind::Truncated, end, end.end, message);
            count.snippet = String::new();
            self.told.push(count);
        }
        self.told
    }
}

/// One problem found while parsing or checking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// What kind of problem.
    pub kind: IssueKind,
    /// What is wrong.
    pub message: String,
    /// The part of the source concerned.
    pub span: Span,
    /// The byte the caret points at.
    pub at: u32,
    /// Line, from 1.
    pub line: u32,
    /// Column in code points, from 1.
    pub column: u32,
    /// The line of the source.
    pub snippet: String,
}

impl Issue {
    /// A problem at a place.
    pub fn new(source: &str, kind: IssueKind, span: Span, at: u32, message: impl Into<String>) -> Self {
        let (line, column, snippet) = locate(source, at as usize);
        Self { kind, message: message.into(), span, at, line, column, snippet: snippet.to_owned() }
    }

    /// The first line of the message: `ERROR: <input>:1:5: …`.
    pub fn headline(&self) -> String {
        format!("ERROR: <input>:{}:{}: {}", self.line, self.column, self.message)
    }
}

/// Line and column (from 1, in code points) of a byte offset, and the text of the line.
pub fn locate(source: &str, at: usize) -> (u32, u32, &str) {
    let mut at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    let before = source.get(..at).unwrap_or("");
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    let column = source.get(line_start..at).unwrap_or("").chars().count() + 1;
    let rest = source.get(line_start..).unwrap_or("");
    let text = rest.split('\n').next().unwrap_or("");
    (line as u32, column as u32, text)
}

impl fmt::Display for Issue {
    /// The message with its line of source and a caret under the place.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Longer lines are shown without their text.
        const SHOWN: usize = 16_384;
        if self.kind == IssueKind::Truncated {
            return f.write_str(&self.message);
        }
        f.write_str(&self.headline())?;
        if self.snippet.len() > SHOWN {
            return Ok(());
        }
        write!(f, "\n | {}\n | ", self.snippet.replace('\t', " "))?;
        let mut chars = self.snippet.chars();
        for _ in 1..self.column {
            match chars.next() {
                Some(c) if c.len_utf8() > 1 => f.write_str("．")?,
                Some(_) => f.write_str(".")?,
                None => break,
            }
        }
        f.write_str(if chars.next().is_some_and(|c| c.len_utf8() > 1) { "＾" } else { "^" })
    }
}

impl std::error::Error for Issue {}

/// All problems as one text, in order of place.
pub fn render(issues: &[Issue]) -> String {
    issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
