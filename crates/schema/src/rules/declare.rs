//! Types of expressions from schema nodes.

use std::collections::HashMap;

use cel::Type;

use crate::node::{Additional, Arena, Kind, NodeId};

/// Declares types and remembers them: rules of nested places share most of their types.
pub(crate) struct Declarations<'a> {
    arena: &'a Arena,
    known: HashMap<NodeId, Option<Type>>,
}

impl<'a> Declarations<'a> {
    pub(crate) fn new(arena: &'a Arena) -> Declarations<'a> {
        Declarations { arena, known: HashMap::new() }
    }

    /// The type of a place; `None` where the schema says no type, so that expressions cannot reach it.
    pub(crate) fn of(&mut self, id: NodeId) -> Option<Type> {
        if let Some(known) = self.known.get(&id) {
            return known.clone();
        }
        let declared = self.declare(id);
        self.known.insert(id, declared.clone());
        declared
    }

    fn declare(&mut self, id: NodeId) -> Option<Type> {
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
            Kind::Array => Type::list(self.of(node.items?)?),
            Kind::Object => self.object(id)?,
        };
        Some(if node.nullable && declared != Type::Dyn { Type::nullable(declared) } else { declared })
    }

    fn object(&mut self, id: NodeId) -> Option<Type> {
        let node = self.arena.get(id);
        if let Additional::Schema(entries) = node.additional {
            return Some(Type::map(Type::String, self.of(entries)?));
        }
        let mut fields: Vec<(String, Type)> = Vec::with_capacity(node.properties.len() + 3);
        for (name, property) in &node.properties {
            if let Some(declared) = self.of(*property) {
                fields.push((name.clone(), declared));
            }
        }
        if node.embedded {
            fields.retain(|(name, _)| !matches!(name.as_str(), "apiVersion" | "kind" | "metadata"));
            let metadata = [("name".to_owned(), Type::String), ("generateName".to_owned(), Type::String)];
            fields.push(("apiVersion".to_owned(), Type::String));
            fields.push(("kind".to_owned(), Type::String));
            fields.push(("metadata".to_owned(), Type::object("object", metadata)));
        }
        Some(Type::object("object", fields))
    }
}
