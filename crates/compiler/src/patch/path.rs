//! The text of a patch path, taken apart.

use std::sync::LazyLock;

use regex::Regex;

use super::PatchError;

/// More steps than these are an error: what a path makes must not nest without end.
pub(super) const MAX_STEPS: usize = 500;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// An object's key.
    Key(String),
    /// A list's item.
    Index(usize),
    /// Behind a list's last item: `-`.
    Append,
    /// Every item of a list: `[*]`.
    Every,
    /// The items of a list whose field has this text: `[?(@.a.b=='text')]`.
    Where {
        /// The keys from the item to the field.
        field: Vec<String>,
        /// The text it must have.
        text: String,
    },
}

/// A patch path: RFC 6901's pointer with array filters and wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    raw: String,
    steps: Vec<Step>,
}

static FILTER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?s)^@\.([A-Za-z0-9_.-]+)\s*==\s*['"](.*)['"]$"#).ok());

impl Path {
    /// Parses a path. A leading `/` is optional, empty segments are passed over. A segment that is a number is always a
    /// list index; `/` splits before brackets are looked at, so a `/` inside a filter is written `~1`.
    pub fn parse(raw: &str) -> Result<Self, PatchError> {
        let mut steps = Vec::new();
        for segment in raw.strip_prefix('/').unwrap_or(raw).split('/').filter(|s| !s.is_empty()) {
            let segment = segment.replace("~1", "/").replace("~0", "~");
            parse_segment(&segment, &mut steps)?;
            if steps.len() > MAX_STEPS {
                return Err(PatchError::TooDeep);
            }
        }
        Ok(Self { raw: raw.to_owned(), steps })
    }

    /// The path as written.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// Its steps.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether it has a filter or wildcard, so that matching nothing is an error.
    pub fn selects(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Every | Step::Where { .. }))
    }
}

fn parse_segment(segment: &str, steps: &mut Vec<Step>) -> Result<(), PatchError> {
    let mut rest = segment;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let Some(end) = inside.find(']') else { return Err(PatchError::Unclosed(segment.to_owned())) };
            steps.push(bracket(&inside[..end])?);
            if steps.len() > MAX_STEPS {
                return Err(PatchError::TooDeep);
            }
            rest = &inside[end + 1..];
        } else {
            let end = rest.find('[').unwrap_or(rest.len());
            steps.push(plain(&rest[..end]));
            rest = &rest[end..];
        }
    }
    Ok(())
}

fn plain(text: &str) -> Step {
    if text == "-" {
        return Step::Append;
    }
    text.parse().map_or_else(|_| Step::Key(text.to_owned()), Step::Index)
}

fn bracket(text: &str) -> Result<Step, PatchError> {
    if text == "*" {
        return Ok(Step::Every);
    }
    if text == "-" {
        return Ok(Step::Append);
    }
    let Some(filter) = text.strip_prefix("?(").and_then(|t| t.strip_suffix(')')) else {
        return match text.strip_prefix('?') {
            Some(filter) => Err(PatchError::Filter(filter.to_owned())),
            None => text.parse().map(Step::Index).map_err(|_| PatchError::Index(text.to_owned())),
        };
    };
    let captures = FILTER.as_ref().and_then(|regex| regex.captures(filter));
    let Some((_, [field, value])) = captures.map(|c| c.extract()) else {
        return Err(PatchError::Filter(filter.to_owned()));
    };
    Ok(Step::Where { field: field.split('.').map(str::to_owned).collect(), text: value.to_owned() })
}
