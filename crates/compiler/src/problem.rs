//! What a compilation can find wrong: typed, with a code and a place, all of one stage at once.

use std::fmt;

use crate::template::{Fault, TemplateError};

/// More problems than these are counted, not listed.
pub(crate) const SHOWN: usize = 50;

/// What kind of problem it is. Codes are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// The pipeline was given too little, or contradictions.
    Input,
    /// A type's or trait's spec is not what it must be.
    Spec,
    /// A parameter schema is broken.
    Schema,
    /// Parameters or environment configs do not satisfy the type's schema.
    Values,
    /// An expression does not parse or check.
    Expression,
    /// An expression failed when it was evaluated.
    Evaluation,
    /// A condition, loop or template came out as something of the wrong type.
    Type,
    /// A rule of the type or of a trait is not fulfilled.
    Rule,
    /// A trait is used but was not supplied.
    Trait,
    /// A trait's patch could not be applied.
    Patch,
    /// A rendered object lacks what every manifest has.
    Manifest,
    /// A rendered object cannot be written as JSON.
    Encoding,
    /// An operation on whole numbers gets a number that came through JSON, which is a double when it runs.
    Numbers,
    /// A patch, removal or rule is about a resource or a field that cannot be there.
    Target,
    /// An output, or readiness, is read from a resource that the type does not make.
    Output,
    /// Something is declared that nothing reads.
    Unused,
    /// Somebody else's text becomes part of a shell script.
    Injection,
}

impl Code {
    /// The code as users see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "compile/input",
            Self::Spec => "compile/spec",
            Self::Schema => "compile/schema",
            Self::Values => "compile/values",
            Self::Expression => "compile/expression",
            Self::Evaluation => "compile/evaluation",
            Self::Type => "compile/type",
            Self::Rule => "compile/rule",
            Self::Trait => "compile/trait",
            Self::Patch => "compile/patch",
            Self::Manifest => "compile/manifest",
            Self::Encoding => "compile/encoding",
            Self::Numbers => "compile/numbers",
            Self::Target => "compile/target",
            Self::Output => "compile/output",
            Self::Unused => "compile/unused",
            Self::Injection => "compile/injection",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The step of the flow that failed. Later steps were not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Looking at what was given.
    Input,
    /// Parsing types and traits.
    Parse,
    /// Binding parameters and environment configs to their schemas.
    Bind,
    /// Rules before rendering.
    Check,
    /// Rendering the type's resources.
    Evaluate,
    /// Rendering traits' resources, and patching.
    Patch,
    /// Rules after rendering, labels, hashes and structure.
    Finish,
    /// Writing manifests as JSON.
    Encode,
}

/// Where a problem is.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The object: `ComponentType deployment/service`, `Trait storage/data`.
    pub object: String,
    /// The field in it: `spec.resources[0].template.spec.replicas`. Empty where the whole object is meant.
    pub path: String,
    /// The expression in the field, if one is concerned.
    pub expression: Option<String>,
    /// Line and column in the expression, from 1.
    pub position: Option<(usize, usize)>,
}

impl Place {
    /// A field of an object.
    pub fn new(object: impl Into<String>, path: impl Into<String>) -> Self {
        Self { object: object.into(), path: path.into(), ..Self::default() }
    }

    /// The same object, a field below this one.
    #[must_use]
    pub(crate) fn below(&self, path: &str) -> Self {
        let mut below = self.clone();
        if !path.is_empty() && !below.path.is_empty() && !path.starts_with('[') {
            below.path.push('.');
        }
        below.path.push_str(path);
        below
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind of problem.
    pub code: Code,
    /// Where.
    pub place: Box<Place>,
    /// What, in words; the texts are those that users of v1.2 know.
    pub message: String,
}

impl Problem {
    /// A problem at a place.
    pub(crate) fn new(code: Code, place: &Place, message: impl Into<String>) -> Self {
        Self { code, place: Box::new(place.clone()), message: message.into() }
    }

    /// A template's error, told as `prefix: error`.
    pub(crate) fn template(place: &Place, prefix: &str, error: &TemplateError) -> Self {
        let code = match error {
            TemplateError::Nested(_) | TemplateError::Compile { .. } => Code::Expression,
            TemplateError::Evaluate { .. } => Code::Evaluation,
            TemplateError::Key { .. } => Code::Type,
        };
        let mut problem = Self::new(code, place, format!("{prefix}{error}"));
        problem.place.expression = error.expression().map(ToString::to_string);
        problem.place.position = error.position();
        problem
    }

    /// A fault inside a template that begins at `place`.
    pub(crate) fn fault(place: &Place, prefix: &str, fault: &Fault) -> Self {
        Self::template(&place.below(&fault.path()), prefix, &fault.error)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// All problems of one stage, in a fixed order, at most 50 of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    stage: Stage,
    prefix: String,
    list: Vec<Problem>,
    more: usize,
}

impl Problems {
    pub(crate) fn new(stage: Stage, list: Vec<Problem>) -> Self {
        Self::prefixed(stage, String::new(), list)
    }

    pub(crate) fn one(stage: Stage, problem: Problem) -> Self {
        Self::new(stage, vec![problem])
    }

    /// Problems whose common beginning is told once.
    pub(crate) fn prefixed(stage: Stage, prefix: String, mut list: Vec<Problem>) -> Self {
        let more = list.len().saturating_sub(SHOWN);
        list.truncate(SHOWN);
        Self { stage, prefix, list, more }
    }

    /// The stage that failed.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// The problems; at least one.
    pub fn list(&self) -> &[Problem] {
        &self.list
    }

    /// How many more there are than are listed.
    pub fn more(&self) -> usize {
        self.more
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.prefix)?;
        for (at, problem) in self.list.iter().enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            problem.fmt(f)?;
        }
        if self.more > 0 {
            write!(f, "; and {} more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
