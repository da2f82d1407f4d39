//! From JSON to a template.

use std::sync::Arc;

use serde_json::Value;

use super::scan::find;
use super::{Key, Part, Scope, Template, Text};
use crate::tree::Tree;

impl Template {
    /// Takes a template apart. Its expressions see the variables of `scope`. Nothing can fail here: what is wrong is told
    /// when the value concerned is rendered, or by [`crate::check`].
    pub fn parse(json: &Value, scope: &Arc<Scope>) -> Self {
        match json {
            Value::String(text) => Self::parse_text(text, scope),
            Value::Array(items) => {
                let items: Vec<Self> = items.iter().map(|item| Self::parse(item, scope)).collect();
                if items.iter().all(Self::is_literal) { Self::Literal(Tree::from(json)) } else { Self::List(items) }
            }
            Value::Object(entries) => {
                let mut entries: Vec<(Key, Self)> =
                    entries.iter().map(|(key, value)| (parse_key(key, scope), Self::parse(value, scope))).collect();
                // Rendering relies on it, whatever order JSON objects are kept in.
                entries.sort_by(|(a, _), (b, _)| a.source().cmp(b.source()));
                if entries.iter().all(|(key, value)| matches!(key, Key::Literal(_)) && value.is_literal()) {
                    Self::Literal(Tree::from(json))
                } else {
                    Self::Map(entries)
                }
            }
            _ => Self::Literal(Tree::from(json)),
        }
    }

    /// Takes a string apart.
    pub fn parse_text(text: &str, scope: &Arc<Scope>) -> Self {
        let found = match find(text) {
            Ok(found) => found,
            Err(nested) => return Self::Broken(nested),
        };
        if found.is_empty() {
            return Self::Literal(Tree::text(text));
        }
        if let [only] = &found[..]
            && text.trim() == &text[only.whole.clone()]
        {
            return Self::Whole(scope.expression(&text[only.inner.clone()]));
        }
        let mut parts = Vec::with_capacity(found.len() * 2 + 1);
        let mut from = 0;
        for one in found {
            if from < one.whole.start {
                parts.push(Part::Plain(Arc::from(&text[from..one.whole.start])));
            }
            parts.push(Part::Expression {
                whole: Arc::from(&text[one.whole.clone()]),
                expression: scope.expression(&text[one.inner]),
            });
            from = one.whole.end;
        }
        if from < text.len() {
            parts.push(Part::Plain(Arc::from(&text[from..])));
        }
        Self::Text(Text { source: Arc::from(text), parts })
    }

    fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }
}

fn parse_key(key: &str, scope: &Arc<Scope>) -> Key {
    match Template::parse_text(key, scope) {
        Template::Literal(_) => Key::Literal(Arc::from(key)),
        template => Key::Dynamic { source: Arc::from(key), template: Box::new(template) },
    }
}
