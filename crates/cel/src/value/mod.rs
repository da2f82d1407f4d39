//! The values that expressions read and give: immutable and cheap to clone.

mod compare;
mod duration;
mod json;
mod map;
mod number;
mod opaque;
mod timestamp;

use std::fmt;
use std::sync::Arc;

pub use compare::compare;
pub use duration::Duration;
pub use json::{Numbers, ToJsonError};
pub use map::{Key, Map, MapBuilder};
pub use number::{double_text, json_double};
pub use opaque::Opaque;
pub(crate) use opaque::downcast;
pub use timestamp::Timestamp;

use crate::ty::Type;

/// A value of the expression language.
///
/// Cloning copies at most one reference count. `==` on values is the language's own equality: numbers compare
/// across types (`1 == 1.0`), values of different kinds are unequal, `NaN` is unequal to itself and maps compare
/// without regard to order.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A 64-bit signed integer.
    Int(i64),
    /// A 64-bit unsigned integer.
    Uint(u64),
    /// An IEEE 754 double.
    Double(f64),
    /// A sequence of Unicode code points.
    String(Arc<str>),
    /// A sequence of octets.
    Bytes(Arc<[u8]>),
    /// A list.
    List(Arc<Vec<Value>>),
    /// A map in insertion order.
    Map(Arc<Map>),
    /// A point in time.
    Timestamp(Timestamp),
    /// A span of time.
    Duration(Duration),
    /// A type as a value, such as the result of `type(1)`.
    Type(Arc<Type>),
    /// An optional value.
    Optional(Option<Arc<Value>>),
    /// A value of a library or of the host.
    Opaque(Arc<dyn Opaque>),
}

impl Value {
    /// A string value.
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    /// A list value.
    pub fn list(items: impl Into<Vec<Value>>) -> Self {
        Self::List(Arc::new(items.into()))
    }

    /// A map from pairs; a repeated key keeps its first place and takes the last value.
    pub fn map<K: Into<Key>>(pairs: impl IntoIterator<Item = (K, Value)>) -> Self {
        let pairs = pairs.into_iter();
        let mut builder = MapBuilder::with_capacity(pairs.size_hint().0);
        for (key, value) in pairs {
            builder.insert(key.into(), value);
        }
        Self::Map(Arc::new(builder.build()))
    }

    /// A present optional.
    pub fn some(value: Value) -> Self {
        Self::Optional(Some(Arc::new(value)))
    }

    /// The absent optional.
    pub const NONE: Value = Value::Optional(None);

    /// A value of a library or of the host.
    pub fn opaque(value: impl Opaque) -> Self {
        Self::Opaque(Arc::new(value))
    }

    /// The run-time type, without element types.
    pub fn type_of(&self) -> Type {
        match self {
            Self::Null => Type::Null,
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Uint(_) => Type::Uint,
            Self::Double(_) => Type::Double,
            Self::String(_) => Type::String,
            Self::Bytes(_) => Type::Bytes,
            Self::List(_) => Type::list(Type::Dyn),
            Self::Map(_) => Type::map(Type::Dyn, Type::Dyn),
            Self::Timestamp(_) => Type::Timestamp,
            Self::Duration(_) => Type::Duration,
            Self::Type(_) => Type::TypeOf(Arc::new(Type::Dyn)),
            Self::Optional(_) => Type::optional(Type::Dyn),
            Self::Opaque(value) => Type::opaque(value.type_name()),
        }
    }

    /// The name of the run-time type as error messages and `type()` show it (`int`, `list`, `null_type` …).
    pub fn type_name(&self) -> &str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Type(_) => "type",
            Self::Optional(_) => "optional_type",
            Self::Opaque(value) => value.type_name(),
        }
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The items, if this is a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The map, if this is one.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The library's or host's value, if this holds a `T`.
    pub fn downcast<T: Opaque>(&self) -> Option<&T> {
        match self {
            Self::Opaque(value) => opaque::downcast(&**value),
            _ => None,
        }
    }

    /// Whether this is the zero value of its type (`0`, `''`, `[]`, `null`, absent …).
    pub fn is_zero(&self) -> bool {
        match self {
            Self::Null | Self::Bool(false) | Self::Optional(None) | Self::Int(0) | Self::Uint(0) => true,
            Self::Double(value) => *value == 0.0,
            Self::String(text) => text.is_empty(),
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Map(map) => map.is_empty(),
            Self::Duration(value) => value.is_zero(),
            Self::Timestamp(value) => *value == Timestamp::ZERO,
            _ => false,
        }
    }
}

impl fmt::Display for Value {
    /// Literal-like text for messages and logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Uint(value) => write!(f, "{value}u"),
            Self::Double(value) => f.write_str(&double_text(*value)),
            Self::String(text) => f.write_str(&crate::syntax::quote(text)),
            Self::Bytes(bytes) => f.write_str(&crate::syntax::quote_bytes(bytes)),
            Self::List(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    item.fmt(f)?;
                }
                f.write_str("]")
            }
            Self::Map(map) => {
                f.write_str("{")?;
                for (i, (key, value)) in map.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{}: {value}", key.to_value())?;
                }
                f.write_str("}")
            }
            Self::Timestamp(value) => write!(f, "timestamp('{value}')"),
            Self::Duration(value) => write!(f, "duration('{value}')"),
            Self::Type(ty) => f.write_str(ty.runtime_name()),
            Self::Optional(None) => f.write_str("optional.none()"),
            Self::Optional(Some(value)) => write!(f, "optional.of({value})"),
            Self::Opaque(value) => fmt::Debug::fmt(value, f),
        }
    }
}

macro_rules! from {
    ($($from:ty => $make:expr),* $(,)?) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                let make: fn($from) -> Value = $make;
                make(value)
            }
        }
    )*};
}

from! {
    bool => Value::Bool,
    i64 => Value::Int,
    i32 => |v| Value::Int(v.into()),
    u64 => Value::Uint,
    f64 => Value::Double,
    &str => |v| Value::String(v.into()),
    String => |v| Value::String(v.into()),
    Arc<str> => Value::String,
    Vec<Value> => |v| Value::List(Arc::new(v)),
    Map => |v| Value::Map(Arc::new(v)),
    Timestamp => Value::Timestamp,
    Duration => Value::Duration,
}
