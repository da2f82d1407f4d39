//! Types of expressions from schema nodes.

use cel::Type;

use crate::node::{Additional, Arena, Kind, NodeId};

/// Declares the types of one rule's variables. As for an API server an object has the type of its place: two objects of
/// the same fields are not of one type.
pub(crate) struct Declarations<'a> {
    arena: &'a Arena,
}

impl<'a> Declarations<'a> {
    pub(crate) fn new(arena: &'a Arena) -> Declarations<'a> {
        Declarations { arena }
    }

    /// The type of a place, with the name that it has if it is one of objects; `None` where the schema says no type, so
    /// that expressions cannot reach it.
    pub(crate) fn of(&self, id: NodeId, name: &str) -> Option<Type> {
        let node = self.arena.get(id);
        let declared = match node.kind {
            Kind::IntOrString => Type::Dyn,
            Kind::Any => return None,
            Kind::Boolean => Type::Bool,
            Kind::Integer => Type::Int,
            Kind::Number => Type::Double,
            Kind::String => match node.checks.format.as_deref() {
                Some("byte") => Type::Bytes,
                Some("duration") => Type::Duration,
                Some("date" | "date-time") => Type::Timestamp,
                _ => Type::String,
            },
            Kind::Array => Type::list(self.of(node.items?, &format!("{name}.@idx"))?),
            Kind::Object => self.object(id, name)?,
        };
        Some(if node.nullable && declared != Type::Dyn { Type::nullable(declared) } else { declared })
    }

    fn object(&self, id: NodeId, name: &str) -> Option<Type> {
        let node = self.arena.get(id);
        if let Additional::Schema(entries) = node.additional {
            return Some(Type::map(Type::String, self.of(entries, &format!("{name}.@elem"))?));
        }
        let mut fields: Vec<(String, Type)> = Vec::with_capacity(node.properties.len() + 3);
        for (field, property) in &node.properties {
            if let Some(declared) = self.of(*property, &format!("{name}.{field}")) {
                fields.push((field.clone(), declared));
            }
        }
        if node.embedded {
            fields.retain(|(field, _)| !matches!(field.as_str(), "apiVersion" | "kind" | "metadata"));
            let metadata = [("name".to_owned(), Type::String), ("generateName".to_owned(), Type::String)];
            fields.push(("apiVersion".to_owned(), Type::String));
            fields.push(("kind".to_owned(), Type::String));
            fields.push(("metadata".to_owned(), Type::object(format!("{name}.metadata").as_str(), metadata)));
        }
        Some(Type::object(name, fields))
    }
}
