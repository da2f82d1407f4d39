//! What goes wrong when a template is rendered, and where in it.

use std::fmt;
use std::sync::Arc;

use super::scan::Nested;

/// One step from the root of a template or manifest to a value in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// An object's key.
    Key(Arc<str>),
    /// A list's item.
    Index(usize),
}

/// A path as users write it: `spec.containers[0].name`; keys that are no plain words in brackets.
pub(crate) fn write_path(out: &mut String, path: impl IntoIterator<Item = impl std::borrow::Borrow<Segment>>) {
    use fmt::Write as _;
    for segment in path {
        match segment.borrow() {
            Segment::Key(key)
                if !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') =>
            {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(key);
            }
            Segment::Key(key) => {
                let _ = write!(out, "[{key:?}]");
            }
            Segment::Index(index) => {
                let _ = write!(out, "[{index}]");
            }
        }
    }
}

/// Why a template could not be rendered. The texts are those that users of v1.2 know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `${` inside an expression.
    #[error(transparent)]
    Nested(#[from] Nested),
    /// The expression does not parse or does not check.
    #[error("CEL compilation error in expression '{expression}': {report}")]
    Compile {
        /// The expression.
        expression: Arc<str>,
        /// All its problems, each with line, column and a caret below the source.
        report: Arc<str>,
        /// Line and column of the first problem, from 1.
        at: (usize, usize),
    },
    /// The expression was evaluated and failed.
    #[error("CEL evaluation error in expression '{expression}': {message}")]
    Evaluate {
        /// The expression.
        expression: Arc<str>,
        /// What happened.
        message: String,
    },
    /// A computed key is no string.
    #[error("dynamic map key '{key}' must evaluate to a string, got {type_name}: {shown}")]
    Key {
        /// The key as written.
        key: Arc<str>,
        /// The type it came out as.
        type_name: &'static str,
        /// What it came out as.
        shown: String,
    },
}

impl TemplateError {
    /// The expression concerned, if one is.
    pub fn expression(&self) -> Option<&Arc<str>> {
        match self {
            Self::Nested(_) => None,
            Self::Compile { expression, .. } | Self::Evaluate { expression, .. } => Some(expression),
            Self::Key { key, .. } => Some(key),
        }
    }

    /// Line and column in the expression, from 1, where they are known.
    pub fn position(&self) -> Option<(usize, usize)> {
        match self {
            Self::Compile { at, .. } => Some(*at),
            _ => None,
        }
    }
}

/// One error and where in the template it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// From the value outwards: innermost segment first.
    reversed: Vec<Segment>,
    /// What is wrong.
    pub error: TemplateError,
}

impl Fault {
    /// The path from the template's root, as users write it.
    pub fn path(&self) -> String {
        let mut out = String::new();
        write_path(&mut out, self.reversed.iter().rev());
        out
    }
}

/// The errors of one rendering. Rendering goes on after an error, so that all of them are told at once.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// No errors yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds one at the place where rendering is.
    pub fn push(&mut self, error: TemplateError) {
        self.0.push(Fault { reversed: Vec::new(), error });
    }

    /// Tells those after the first `from` that they lie below `segment`.
    pub(super) fn below(&mut self, from: usize, segment: impl Fn() -> Segment) {
        for fault in &mut self.0[from..] {
            fault.reversed.push(segment());
        }
    }

    /// The errors in the order of rendering.
    pub fn into_vec(self) -> Vec<Fault> {
        self.0
    }
}
