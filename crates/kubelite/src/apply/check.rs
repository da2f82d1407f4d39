//! Whether an applied object can be merged at all: known fields, right kinds of value, list items that can be told apart.

use std::collections::BTreeSet;

use schema::{Kind, ListType};
use serde_json::Value;

use super::element::{PathElement, path_text};
use super::typing::Type;

/// All problems as `path: message` lines.
pub(crate) fn problems(place: Type<'_>, value: &Value) -> Vec<String> {
    let mut checker = Checker { path: Vec::new(), problems: Vec::new() };
    checker.check(place, value);
    checker.problems
}

struct Checker {
    path: Vec<PathElement>,
    problems: Vec<String>,
}

impl Checker {
    fn problem(&mut self, message: &str) {
        let path = path_text(&self.path);
        self.problems.push(if path.is_empty() { message.to_owned() } else { format!("{path}: {message}") });
    }

    fn check(&mut self, place: Type<'_>, value: &Value) {
        let Type::Declared(node) = place else { return };
        if value.is_null() {
            return;
        }
        match (node.kind(), value) {
            (Kind::Object | Kind::Any, Value::Object(object)) => {
                for (name, child) in object {
                    self.path.push(PathElement::Field(name.clone()));
                    if place.accepts(name) {
                        self.check(place.field(name), child);
                    } else {
                        self.problem("field not declared in schema");
                    }
                    self.path.pop();
                }
            }
            (Kind::Array, Value::Array(items)) => {
                let keys: &[String] = match node.list_type() {
                    ListType::Map => node.map_keys(),
                    ListType::Set => &[],
                    ListType::Atomic => {
                        for (index, item) in items.iter().enumerate() {
                            self.below(PathElement::Index(index as i64), place.item(), item);
                        }
                        return;
                    }
                };
                self.items(place, keys, items);
            }
            (Kind::Object, other) => self.problem(&format!("expected map, got {}", shown(other))),
            (Kind::Array, other) => self.problem(&format!("expected list, got {}", shown(other))),
            (Kind::IntOrString, Value::Object(_) | Value::Array(_)) => {
                self.problem(&format!("expected any scalar, got {}", shown(value)));
            }
            (Kind::Any | Kind::IntOrString, _)
            | (Kind::Integer | Kind::Number, Value::Number(_))
            | (Kind::String, Value::String(_))
            | (Kind::Boolean, Value::Bool(_)) => {}
            (Kind::Integer | Kind::Number, other) => {
                self.problem(&format!("expected numeric (int or float), got {}", type_name(other)));
            }
            (Kind::String, other) => self.problem(&format!("expected string, got {}", shown(other))),
            (Kind::Boolean, other) => self.problem(&format!("expected boolean, got {}", shown(other))),
        }
    }

    fn below(&mut self, element: PathElement, place: Type<'_>, value: &Value) {
        self.path.push(element);
        self.check(place, value);
        self.path.pop();
    }

    fn items(&mut self, place: Type<'_>, keys: &[String], items: &[Value]) {
        let mut seen = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            match place.item_element(keys, item) {
                Err(message) => {
                    self.problem(&format!("element {index}: {message}"));
                    return;
                }
                Ok(element) => {
                    if !seen.insert(element.clone()) {
                        self.problem(&format!("duplicate entries for key {element}"));
                    }
                    self.below(element, place.item(), item);
                }
            }
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => schema::go_quote(text),
        other => other.to_string(),
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_i64() => "int64",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}
