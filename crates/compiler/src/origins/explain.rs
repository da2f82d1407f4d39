//! Origins in words.

use std::fmt::{self, Write as _};

use serde_json::Value;

use super::{Given, Origin, Origins, Writer};
use crate::template::Segment;

/// Of what an expression read no more is listed.
const READS: usize = 4;

/// A field, its value and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The field's value.
    pub value: Value,
    /// One sentence on where it came from.
    pub sentence: String,
    /// The same in parts.
    pub origin: Origin,
}

impl Origins {
    /// Explains a field of a manifest in one sentence. The path is as in `spec.template.spec.containers[0].image`; a key that
    /// holds dots is written `["a.b"]`.
    pub fn explain(&self, manifest: usize, object: &Value, path: &str) -> Option<Explained> {
        let segments = parse_path(path)?;
        let value = value_at(object, &segments)?.clone();
        let origin = self.of(manifest, &segments)?;
        Some(Explained { sentence: Self::sentence(path, &value, &origin), value, origin })
    }

    fn sentence(path: &str, value: &Value, origin: &Origin) -> String {
        let mut out = format!("{path} is {value}: written by {origin}");
        let mut before = origin.overwrote.as_deref();
        while let Some(origin) = before {
            let _ = write!(out, "; before that by {origin}");
            before = origin.overwrote.as_deref();
        }
        out
    }
}

impl fmt::Display for Origin {
    /// Who wrote the field, where, and what went into it; what was there before is not told.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.place;
        match &self.writer {
            Writer::BuiltIn(step) => return write!(out, "the platform ({step})"),
            Writer::Template | Writer::TraitCreate => write!(out, "{}, {}", place.object, place.path)?,
            Writer::TraitPatch => write!(out, "a patch of {}, {}", place.object, place.path)?,
        }
        if let Some(expression) = &place.expression {
            write!(out, ", from ${{{}}}", on_one_line(expression))?;
        }
        self.ingredients(out)
    }
}

impl Origin {
    /// What the expression read and what the platform made of it, each behind a `;`.
    pub(super) fn ingredients(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        // Where the expression is just that, it need not be said twice.
        if let ([only], Some(expression)) = (&self.reads[..], &self.place.expression)
            && expression.trim() == only.path
        {
            write!(out, ", {}", only.given)?;
            return self.remade(out);
        }
        for (at, read) in self.reads.iter().take(READS).enumerate() {
            out.write_str(if at == 0 { "; " } else { ", " })?;
            write!(out, "{} is {}", read.path, read.given)?;
        }
        if self.reads.len() > READS {
            write!(out, " and {} more", self.reads.len() - READS)?;
        }
        self.remade(out)
    }

    fn remade(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        if let Some(step) = self.made {
            write!(out, "; the platform made it {step}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Given {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Parameter => "a parameter that was given",
            Self::EnvironmentConfig => "given for the environment",
            Self::Bound => "bound by the component type",
            Self::Default => "a default of the schema",
            Self::Nobody => "not given",
            Self::Workload => "the workload's",
            Self::Configuration => "the workload's configuration",
            Self::Overridden => "the environment's override of the workload's configuration",
            Self::Dependency => "a dependency's",
            Self::Environment => "the environment's",
            Self::WorkflowPlane => "the workflow plane's",
            Self::Reference => "a referenced object's",
            Self::Metadata => "the platform's",
            Self::Local => "local to the template",
        })
    }
}

/// An expression without the line breaks it was written with.
pub(super) fn on_one_line(expression: &str) -> String {
    expression.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `a.b[0]["c.d"]` as steps; `None` where it is no path.
///
/// ```
/// use compiler::template::Segment;
/// let path = compiler::origins::parse_path(r#"spec.ports[0]["a.b"]"#).unwrap();
/// assert_eq!(path[2], Segment::Index(0));
/// assert_eq!(path[3], Segment::Key("a.b".into()));
/// assert_eq!(compiler::origins::parse_path("spec..ports"), None);
/// ```
pub fn parse_path(path: &str) -> Option<Vec<Segment>> {
    let mut segments = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix("[\"") {
            let end = inside.find("\"]")?;
            segments.push(Segment::Key(inside[..end].into()));
            rest = &inside[end + 2..];
        } else if let Some(inside) = rest.strip_prefix('[') {
            let end = inside.find(']')?;
            segments.push(Segment::Index(inside[..end].parse().ok()?));
            rest = &inside[end + 1..];
        } else {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            segments.push(Segment::Key(rest[..end].into()));
            rest = &rest[end..];
        }
    }
    Some(segments)
}

fn value_at<'v>(object: &'v Value, path: &[Segment]) -> Option<&'v Value> {
    path.iter().try_fold(object, |value, segment| match segment {
        Segment::Key(key) => value.get(&**key),
        Segment::Index(at) => value.get(at),
    })
}
