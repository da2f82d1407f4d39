//! Which field is to be explained, and the answer.

use super::objects;
use crate::failure::Failure;
use crate::gather::Whole;
use compiler::Rendered;
use compiler::origins::{Origins, parse_path};
use serde_json::Value;

/// `KIND:FIELD` or `KIND/NAME:FIELD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    kind: String,
    name: Option<String>,
    path: String,
}

impl Field {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?}: expected KIND:FIELD or KIND/NAME:FIELD, such as deployment:spec.replicas");
        let (object, path) = text.split_once(':').ok_or_else(wrong)?;
        let (kind, name) = match object.split_once('/') {
            Some((kind, name)) => (kind, Some(name.to_owned())),
            None => (object, None),
        };
        if kind.is_empty() || path.is_empty() || parse_path(path).is_none() {
            return Err(wrong());
        }
        Ok(Self { kind: kind.to_owned(), name, path: path.to_owned() })
    }

    /// One sentence, and behind it the file and line of what wrote the field.
    pub(super) fn explain(
        &self,
        rendered: &Rendered,
        origins: &Origins,
        whole: &Whole<'_, '_, '_>,
    ) -> Result<String, Failure> {
        let fits = |object: &Value| {
            text(object, "/kind").eq_ignore_ascii_case(&self.kind)
                && self.name.as_ref().is_none_or(|name| text(object, "/metadata/name") == name)
        };
        let chosen: Vec<(usize, &Value)> = objects(rendered).enumerate().filter(|(_, object)| fits(object)).collect();
        let (at, object) = match chosen[..] {
            [one] => one,
            [] => {
                let known = titles(objects(rendered));
                return Err(Failure::NotFound(format!("no manifest is a {}; there are {known}", self.wanted())));
            }
            _ => {
                let known = titles(chosen.iter().map(|(_, object)| *object));
                return Err(Failure::Input(format!("{} may be any of {known}: say which", self.wanted())));
            }
        };
        let explained = origins.explain(at, object, &self.path).ok_or_else(|| {
            Failure::NotFound(format!("{} has no field {}", titles(std::iter::once(object)), self.path))
        })?;
        let place = &explained.origin.place;
        let place = whole.object(place).map(|object| format!(" ({})", object.manifest.at(&place.path)));
        let place = place.unwrap_or_default();
        Ok(format!("{}{place}\n", explained.sentence))
    }

    fn wanted(&self) -> String {
        match &self.name {
            Some(name) => format!("{}/{name}", self.kind),
            None => self.kind.clone(),
        }
    }
}

fn text<'v>(object: &'v Value, pointer: &str) -> &'v str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn titles<'v>(objects: impl Iterator<Item = &'v Value>) -> String {
    let titles: Vec<String> = objects
        .map(|object| format!("{}/{}", text(object, "/kind").to_lowercase(), text(object, "/metadata/name")))
        .collect();
    titles.join(", ")
}
