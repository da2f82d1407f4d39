//! Origins in words.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Given, Origin, Origins, Writer};
use crate::template::Segment;

/// A field, its value and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The field's value.
    pub value: Value,
    /// One sentence on where it came from.
    pub sentence: String,
}

impl Origins {
    /// Explains a field of a manifest in one sentence. The path is as in `spec.template.spec.containers[0].image`; a key that
    /// holds dots is written `["a.b"]`.
    pub fn explain(&self, manifest: usize, object: &Value, path: &str) -> Option<Explained> {
        let segments = parse_path(path)?;
        let value = value_at(object, &segments)?.clone();
        let origin = self.of(manifest, &segments)?;
        Some(Explained { sentence: self.sentence(path, &value, &origin), value })
    }

    pub(super) fn sentence(&self, path: &str, value: &Value, origin: &Origin) -> String {
        let mut out = format!("{path} is {value}: written by {}", Self::short(origin));
        if let Some(before) = origin.overwrote.and_then(|id| self.get(id)) {
            let _ = write!(out, "; before that by {}", Self::short(&before));
        }
        out
    }

    /// An origin in one phrase.
    pub(super) fn short(origin: &Origin) -> String {
        let place = &origin.place;
        let mut out = match &origin.writer {
            Writer::BuiltIn(step) => return format!("the platform ({step})"),
            Writer::Template | Writer::TraitCreate => format!("{}, {}", place.object, place.path),
            Writer::TraitPatch => format!("a patch of {}, {}", place.object, place.path),
        };
        if let Some(expression) = &place.expression {
            let _ = write!(out, ", from ${{{}}}", expression.trim());
        }
        for (at, read) in origin.reads.iter().enumerate() {
            out.push_str(if at == 0 { "; " } else { ", " });
            let _ = write!(out, "{} is {}", read.path, giver(read.given));
        }
        out
    }
}

fn giver(given: Given) -> &'static str {
    match given {
        Given::Parameter => "a parameter that was given",
        Given::EnvironmentConfig => "given for the environment",
        Given::Default => "a default of the schema",
        Given::Workload => "the workload's",
        Given::Configuration => "the workload's configuration",
        Given::Overridden => "the workload's configuration with the environment's overrides",
        Given::Dependency => "a dependency's",
        Given::Environment => "the environment's",
        Given::Metadata => "the platform's",
        Given::Local => "local to the template",
    }
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
