//! The template language: JSON whose strings and keys may hold `${…}`.
//!
//! ```text
//! JSON ── parse (once per type) ──▶ Template ── render (per compilation, with variables) ──▶ Tree
//!                                      └─ Expression: compiled at its first evaluation, kept
//! ```
//!
//! ```
//! use compiler::template::{Faults, Language, Scope, Template};
//! use serde_json::json;
//!
//! let scope = Scope::new(Language::Plain, ["name"]);
//! let template = Template::parse(&json!({"text": "hello ${name}", "size": "${size(name)}"}), &scope);
//! let mut faults = Faults::new();
//! let tree = template.render(&scope.bind([("name", cel::Value::from("world"))]), &mut faults);
//! assert!(faults.is_empty());
//! assert_eq!(tree.to_json().unwrap(), json!({"text": "hello world", "size": 5}));
//! ```

mod convert;
mod expression;
mod fault;
mod functions;
mod macros;
mod parse;
mod render;
mod scan;
mod scope;
mod standalone;

pub(crate) use convert::{from_cel, is_omitted, to_cel, without_omitted};
pub use expression::Expression;
pub(crate) use fault::write_path;
pub use fault::{Fault, Faults, Segment, TemplateError};
pub(crate) use macros::{ENDPOINT_RESOURCES, helper, methods};
pub use scan::{Found, Nested, find};
pub use scope::{Bindings, Language, Scope, VariableError};
pub use standalone::render;

use std::sync::Arc;

use crate::tree::Tree;

/// A template, taken apart.
#[derive(Debug, Clone)]
pub enum Template {
    /// A value without any expression, at any depth.
    Literal(Tree),
    /// A string that is one expression: its value keeps its type.
    Whole(Arc<Expression>),
    /// A string with expressions in it.
    Text(Text),
    /// A list.
    List(Vec<Template>),
    /// An object, sorted by the text of its keys.
    Map(Vec<(Key, Template)>),
    /// A string that cannot be taken apart; an error when it is rendered.
    Broken(Nested),
}

/// A string with expressions in it.
#[derive(Debug, Clone)]
pub struct Text {
    /// The string as written.
    pub source: Arc<str>,
    /// Its parts, left to right.
    pub parts: Vec<Part>,
}

/// A part of a [`Text`].
#[derive(Debug, Clone)]
pub enum Part {
    /// Characters that stay.
    Plain(Arc<str>),
    /// An expression, spliced in as text.
    Expression {
        /// The expression with its `${` and `}`.
        whole: Arc<str>,
        /// The expression.
        expression: Arc<Expression>,
    },
}

/// An object's key.
#[derive(Debug, Clone)]
pub enum Key {
    /// As written.
    Literal(Arc<str>),
    /// Computed.
    Dynamic {
        /// As written.
        source: Arc<str>,
        /// What gives the key.
        template: Box<Template>,
    },
}

/// Something in a template that is not just a value as written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Leaf<'t> {
    Expression(&'t Arc<Expression>),
    Broken(&'t Nested),
}

impl Template {
    /// Calls `visit` with every expression, in the order of rendering, and the path to it.
    pub fn each_expression(&self, visit: &mut dyn FnMut(&[Segment], &Arc<Expression>)) {
        self.each_leaf(&mut |path, leaf| {
            if let Leaf::Expression(expression) = leaf {
                visit(path, expression);
            }
        });
    }

    /// As [`Template::each_expression`], with the strings that cannot be taken apart.
    pub(crate) fn each_leaf(&self, visit: &mut dyn FnMut(&[Segment], Leaf<'_>)) {
        self.walk(&mut Vec::new(), visit);
    }

    fn walk(&self, path: &mut Vec<Segment>, visit: &mut dyn FnMut(&[Segment], Leaf<'_>)) {
        match self {
            Self::Literal(_) => {}
            Self::Broken(nested) => visit(path, Leaf::Broken(nested)),
            Self::Whole(expression) => visit(path, Leaf::Expression(expression)),
            Self::Text(text) => {
                for part in &text.parts {
                    if let Part::Expression { expression, .. } = part {
                        visit(path, Leaf::Expression(expression));
                    }
                }
            }
            Self::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    path.push(Segment::Index(at));
                    item.walk(path, visit);
                    path.pop();
                }
            }
            Self::Map(entries) => {
                for (key, value) in entries {
                    let name = match key {
                        Key::Literal(name) => name,
                        Key::Dynamic { source, template } => {
                            template.walk(path, visit);
                            source
                        }
                    };
                    path.push(Segment::Key(name.clone()));
                    value.walk(path, visit);
                    path.pop();
                }
            }
        }
    }
}
