//! How a value is merged: what the schema says, and what the value itself shows where the schema is silent.

use std::sync::LazyLock;

use schema::{Kind, ListType, MapType, Node, Schema};
use serde_json::{Map, Value, json};

use super::element::PathElement;

/// Object metadata: custom resources do not declare it, yet its lists merge by item.
static OBJECT_META: LazyLock<Schema> = LazyLock::new(|| {
    let text = json!({"type": "string"});
    let texts = json!({"type": "object", "additionalProperties": text});
    Schema::parse_plain(&json!({
        "type": "object",
        "properties": {
            "annotations": texts,
            "labels": texts,
            "creationTimestamp": text,
            "deletionGracePeriodSeconds": {"type": "integer"},
            "deletionTimestamp": text,
            "finalizers": {"type": "array", "x-kubernetes-list-type": "set", "items": text},
            "generateName": text,
            "generation": {"type": "integer"},
            "managedFields": {"type": "array", "x-kubernetes-list-type": "atomic",
                "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
            "name": text,
            "namespace": text,
            "ownerReferences": {
                "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["uid"],
                "items": {
                    "type": "object", "x-kubernetes-map-type": "atomic", "required": ["uid"],
                    "properties": {"apiVersion": text, "blockOwnerDeletion": {"type": "boolean"}, "controller": {"type": "boolean"},
                        "kind": text, "name": text, "uid": text},
                },
            },
            "resourceVersion": text,
            "selfLink": text,
            "uid": text,
        },
    }))
    .unwrap_or_else(|_| Schema::any())
});

/// The type of a place in an object.
#[derive(Clone, Copy)]
pub(crate) enum Type<'a> {
    Declared(Node<'a>),
    /// Told by the value: objects merge by key, lists are atomic.
    Deduced,
}

/// How a value at a place is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape<'a> {
    Map,
    /// A list whose items have identities: by keys, or by value where there are none.
    Items(&'a [String]),
    /// Replaced as a whole: scalars, atomic lists and maps. The second kind still counts as what it is.
    Scalar,
    AtomicMap,
    AtomicList,
}

impl<'a> Type<'a> {
    pub(crate) fn root(schema: &'a Schema) -> Type<'a> {
        Type::Declared(schema.root())
    }

    /// The type of an entry of an object.
    pub(crate) fn field(self, name: &str) -> Type<'a> {
        let Type::Declared(node) = self else { return Type::Deduced };
        if name == "metadata" && node.is_embedded_resource() {
            let declared = node.property("metadata").filter(|metadata| metadata.properties().next().is_some());
            return Type::Declared(declared.unwrap_or_else(|| OBJECT_META.root()));
        }
        node.field(name).map_or(Type::Deduced, Type::Declared)
    }

    /// The type of list items.
    pub(crate) fn item(self) -> Type<'a> {
        match self {
            Type::Declared(node) => node.items().map_or(Type::Deduced, Type::Declared),
            Type::Deduced => Type::Deduced,
        }
    }

    pub(crate) fn at(self, element: &PathElement) -> Type<'a> {
        match element {
            PathElement::Field(name) => self.field(name),
            _ => self.item(),
        }
    }

    /// Whether the schema names this field (entries of maps are not named).
    pub(crate) fn declares(self, name: &str) -> bool {
        match self {
            Type::Declared(node) => {
                node.property(name).is_some()
                    || (node.is_embedded_resource() && matches!(name, "apiVersion" | "kind" | "metadata"))
            }
            Type::Deduced => false,
        }
    }

    /// Whether a field of this name may be there at all.
    pub(crate) fn accepts(self, name: &str) -> bool {
        match self {
            Type::Declared(node) => {
                self.declares(name)
                    || node.field(name).is_some()
                    || node.accepts_unknown_fields()
                    || node.kind() == Kind::Any
            }
            Type::Deduced => true,
        }
    }

    /// How `value` merges here. An absent value or null takes the shape that the schema declares.
    pub(crate) fn shape(self, value: Option<&Value>) -> Shape<'a> {
        let deduced = match value {
            Some(Value::Object(_)) => Some(Shape::Map),
            Some(Value::Array(_)) => Some(Shape::AtomicList),
            Some(Value::Null) | None => None,
            Some(_) => Some(Shape::Scalar),
        };
        let Type::Declared(node) = self else { return deduced.unwrap_or(Shape::Map) };
        let declared = match node.kind() {
            Kind::Object if node.map_type() == MapType::Atomic => Shape::AtomicMap,
            Kind::Object => Shape::Map,
            Kind::Array => match node.list_type() {
                ListType::Atomic => Shape::AtomicList,
                ListType::Set => Shape::Items(&[]),
                ListType::Map => Shape::Items(node.map_keys()),
            },
            Kind::Any => return deduced.unwrap_or(Shape::Map),
            _ => Shape::Scalar,
        };
        match (declared, value) {
            // A value of another kind than declared is nobody's business here: it is replaced as a whole.
            (Shape::Map | Shape::AtomicMap, Some(Value::Object(_) | Value::Null) | None)
            | (Shape::Items(_) | Shape::AtomicList, Some(Value::Array(_) | Value::Null) | None)
            | (Shape::Scalar, _) => declared,
            _ => Shape::Scalar,
        }
    }

    /// The identity of a list item.
    pub(crate) fn item_element(self, keys: &[String], item: &Value) -> Result<PathElement, String> {
        if keys.is_empty() {
            return match item {
                Value::Object(_) => Err("associative list without keys has an element that's a map type".to_owned()),
                Value::Array(_) => Err("not supported: associative list with lists as elements".to_owned()),
                Value::Null => Err("associative list without keys has an element that's an explicit null".to_owned()),
                scalar => Ok(PathElement::Value(scalar.clone())),
            };
        }
        let object = match item {
            Value::Object(object) => object,
            Value::Null => return Err("associative list with keys may not have a null element".to_owned()),
            _ => return Err("associative list with keys may not have non-map elements".to_owned()),
        };
        let mut found = Map::new();
        for key in keys {
            let default = || match self.item() {
                Type::Declared(node) => node.property(key).and_then(Node::default),
                Type::Deduced => None,
            };
            if let Some(value) = object.get(key).or_else(default) {
                found.insert(key.clone(), value.clone());
            }
        }
        if found.is_empty() {
            let keys: Vec<String> = keys.iter().map(|key| schema::go_quote(key)).collect();
            return Err(format!(
                "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values for any key fields)",
                keys.join(" ")
            ));
        }
        Ok(PathElement::key(found))
    }
}

/// The entries of an object; of anything else none.
pub(crate) fn entries(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value.and_then(Value::as_object)
}

/// The items of a list; of anything else none.
pub(crate) fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
