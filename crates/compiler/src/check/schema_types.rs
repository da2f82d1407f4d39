//! The types that a schema declares, as expressions see the values.

use cel::Type;
use schema::{Kind, Node};

/// Deeper than this a schema declares anything.
const DEPTH: usize = 64;

/// The type of a schema's values. Numbers are doubles, as everything that came through JSON.
pub(super) fn of(node: Node<'_>, name: &str) -> Type {
    at(node, name, 0)
}

fn at(node: Node<'_>, name: &str, depth: usize) -> Type {
    if depth > DEPTH {
        return Type::Dyn;
    }
    let below = |node: Node<'_>, field: &str| at(node, &format!("{name}.{field}"), depth + 1);
    let ty = match node.kind() {
        Kind::Boolean => Type::Bool,
        Kind::Integer | Kind::Number => Type::Double,
        Kind::String => Type::String,
        Kind::Array => Type::list(node.items().map_or(Type::Dyn, |items| below(items, "items"))),
        Kind::Object => {
            let mut properties = node.properties().peekable();
            if node.preserves_unknown_fields() {
                Type::Dyn
            } else if properties.peek().is_some() {
                Type::object(name, properties.map(|(field, node)| (field.to_owned(), below(node, field))))
            } else if let Some(values) = node.additional_properties() {
                Type::map(Type::String, below(values, "values"))
            } else {
                Type::map(Type::String, Type::Dyn)
            }
        }
        _ => Type::Dyn,
    };
    if node.is_nullable() && ty != Type::Dyn { Type::nullable(ty) } else { ty }
}
