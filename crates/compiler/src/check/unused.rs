//! Parameters that nothing reads.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Checked;
use super::reads::{Read, reads};
use crate::problem::{Code, Place, Problem};
use crate::template::{Language, find};

/// The sections that declare what templates read.
const SECTIONS: [&str; 2] = ["parameters", "environmentConfigs"];
/// Extensions with this prefix tell the platform itself to read a parameter.
const PLATFORM: &str = "x-openchoreo";

/// Warns of properties of the two schemas that no expression reads.
pub(super) fn values(spec: &Value, place: &Place, checked: &mut Checked) {
    let mut found = Reads { paths: BTreeSet::new(), unreadable: Vec::new() };
    for (field, value) in spec.as_object().into_iter().flatten() {
        if !SECTIONS.contains(&field.as_str()) {
            found.collect(value);
        }
    }
    for variable in SECTIONS {
        let place = place.below(&format!("spec.{variable}.openAPIV3Schema"));
        found.unused(&spec[variable]["openAPIV3Schema"], &mut vec![variable.to_owned()], &place, checked);
    }
}

struct Reads {
    paths: BTreeSet<Read>,
    /// Expressions that do not parse; a name in them counts as read.
    unreadable: Vec<String>,
}

impl Reads {
    fn collect(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => items.iter().for_each(|item| self.collect(item)),
            Value::Object(entries) => entries.iter().for_each(|(key, value)| {
                self.text(key);
                self.collect(value);
            }),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if !text.contains("${") {
            return;
        }
        let Ok(found) = find(text) else { return self.unreadable.push(text.to_owned()) };
        for one in found {
            let Ok(ast) = Language::Component.parse(&text[one.inner.clone()]) else {
                self.unreadable.push(text[one.inner].to_owned());
                continue;
            };
            let mut paths = Vec::new();
            reads(&ast.root, &mut paths);
            self.paths.extend(paths.into_iter().filter(|path| SECTIONS.contains(&path[0].as_str())));
        }
    }

    fn unused(&self, schema: &Value, path: &mut Read, place: &Place, checked: &mut Checked) {
        for (property, schema) in schema["properties"].as_object().into_iter().flatten() {
            let place = place.below(&format!("properties.{property}"));
            path.push(property.clone());
            let whole = self.paths.iter().any(|read| path.starts_with(read));
            let inside = self.paths.iter().any(|read| read.starts_with(path));
            let by_platform =
                schema.as_object().is_some_and(|schema| schema.keys().any(|key| key.starts_with(PLATFORM)));
            let maybe = self.unreadable.iter().any(|text| text.contains(property.as_str()));
            if !whole && !by_platform && !maybe {
                if inside {
                    self.unused(schema, path, &place, checked);
                } else {
                    let message = format!("{} is declared but nothing reads it", path.join("."));
                    checked.warnings.push(Problem::new(Code::Unused, &place, message));
                }
            }
            path.pop();
        }
    }
}
