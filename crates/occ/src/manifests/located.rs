//! A value of YAML with the place of each field.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;
use std::fmt;

/// A place in a text; both count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: u64,
    pub(crate) column: u64,
}

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Located {
    position: Position,
    node: Node,
}

#[derive(Debug)]
enum Node {
    Scalar(Value),
    List(Vec<Located>),
    Map(Vec<(String, Position, Located)>),
}

fn position<T>(spanned: &Spanned<T>) -> Position {
    Position { line: spanned.referenced.line(), column: spanned.referenced.column() }
}

impl Located {
    /// Reads one document. The error is its text with the place, where there is one.
    pub(super) fn read(text: &str) -> Result<Located, (Option<Position>, String)> {
        let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
        serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let error = error.without_snippet();
            let place = error.location().map(|place| Position { line: place.line(), column: place.column() });
            let text = error.to_string();
            // The place is told before the text, in our own form.
            let text = text.split(" at line ").next().unwrap_or(&text).trim_end_matches([' ', ':']).to_owned();
            (place.filter(|place| place.line > 0), text)
        })
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.node, Node::Scalar(Value::Null))
    }

    /// A member of a map.
    pub(super) fn member(&self, name: &str) -> Option<&Located> {
        match &self.node {
            Node::Map(members) => members.iter().find(|(key, ..)| key == name).map(|(.., value)| value),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.node {
            Node::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// What it is, for messages.
    pub(super) fn what(&self) -> &'static str {
        match &self.node {
            Node::Scalar(Value::Null) => "nothing",
            Node::Scalar(Value::Bool(_)) => "a boolean",
            Node::Scalar(Value::Number(_)) => "a number",
            Node::Scalar(_) => "a string",
            Node::List(_) => "a list",
            Node::Map(_) => "a map",
        }
    }

    /// The value alone.
    pub(super) fn to_json(&self) -> Value {
        match &self.node {
            Node::Scalar(value) => value.clone(),
            Node::List(items) => items.iter().map(Located::to_json).collect(),
            Node::Map(members) => {
                members.iter().map(|(name, _, value)| (name.clone(), value.to_json())).collect::<Map<_, _>>().into()
            }
        }
    }

    /// The place of a field by its path, such as `spec.items[0].name` or `metadata.labels[a/b]`; of the nearest field
    /// above it where it is not there.
    pub(super) fn find(&self, path: &str) -> Position {
        let mut here = self;
        let mut place = self.position;
        let mut rest = path;
        while !rest.is_empty() {
            let (step, after) = first_step(rest);
            let next = match &here.node {
                Node::Map(members) => {
                    // A key may have dots of its own: the longest one that fits is meant.
                    let whole = members
                        .iter()
                        .filter(|(key, ..)| rest.strip_prefix(key.as_str()).is_some_and(ends_step))
                        .max_by_key(|(key, ..)| key.len());
                    match whole.or_else(|| members.iter().find(|(key, ..)| key == step)) {
                        Some((key, at, value)) => {
                            let taken = if rest.strip_prefix(key.as_str()).is_some_and(ends_step) {
                                &rest[key.len()..]
                            } else {
                                after
                            };
                            Some((*at, value, taken))
                        }
                        None => None,
                    }
                }
                Node::List(items) => {
                    step.parse::<usize>().ok().and_then(|at| items.get(at)).map(|item| (item.position, item, after))
                }
                Node::Scalar(_) => None,
            };
            let Some((at, value, after)) = next else { break };
            (here, place) = (value, at);
            rest = after.trim_start_matches('.');
        }
        place
    }
}

fn ends_step(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('.') || rest.starts_with('[')
}

/// The first step of a path, and what comes after it.
fn first_step(path: &str) -> (&str, &str) {
    if let Some(inside) = path.strip_prefix('[') {
        return match inside.find(']') {
            Some(end) => (inside[..end].trim_matches('"'), &inside[end + 1..]),
            None => (inside, ""),
        };
    }
    let end = path.find(['.', '[']).unwrap_or(path.len());
    (&path[..end], &path[end..])
}

impl<'de> Deserialize<'de> for Located {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Located, D::Error> {
        let spanned = Spanned::<Node>::deserialize(deserializer)?;
        Ok(Located { position: position(&spanned), node: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        match Number::from_f64(value) {
            Some(number) => Ok(Node::Scalar(number.into())),
            None => Err(E::custom(format!("{value} is not a number that an object can hold"))),
        }
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = access.next_key::<Spanned<String>>()? {
            let at = position(&key);
            members.push((key.value, at, access.next_value()?));
        }
        Ok(Node::Map(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    const TEXT: &str = "\
metadata:
  labels:
    a.b/c: yes
spec:
  ports:
  - port: 8080
    name: http
  empty: {}
  on: off
";

    #[test]
    fn a_document_is_read_as_kubernetes_reads_it() {
        assert_eq!(
            Located::read(TEXT).expect("YAML").to_json(),
            json!({
                "metadata": {"labels": {"a.b/c": "yes"}},
                "spec": {"ports": [{"port": 8080, "name": "http"}], "empty": {}, "on": "off"},
            })
        );
    }

    #[rstest]
    #[case("", 1, 1)]
    #[case("spec.ports[0].port", 6, 5)]
    #[case("spec.ports.0.name", 7, 5)]
    #[case("metadata.labels[a.b/c]", 3, 5)]
    #[case("metadata.labels.a.b/c", 3, 5)]
    #[case::below_what_is_there("spec.empty.x.y", 8, 3)]
    #[case::not_there("status", 1, 1)]
    fn fields_are_found(#[case] path: &str, #[case] line: u64, #[case] column: u64) {
        assert_eq!(Located::read(TEXT).expect("YAML").find(path), Position { line, column });
    }

    #[rstest]
    #[case::tab("a:\n\tb: 1\n")]
    #[case::twice("a: 1\na: 2\n")]
    #[case::open("a: [1, 2\n")]
    fn broken_text_is_an_error_with_a_place(#[case] text: &str) {
        let (place, message) = Located::read(text).expect_err("broken");
        assert!(place.is_some() && !message.is_empty() && !message.contains("line"), "{place:?} {message}");
    }
}
