//! Types as the checker sees them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A type. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// Anything; checked when the expression runs.
    Dyn,
    /// The type of an expression that has a reported error.
    Error,
    /// `null`
    Null,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `uint`
    Uint,
    /// `double`
    Double,
    /// `string`
    String,
    /// `bytes`
    Bytes,
    /// `timestamp`
    Timestamp,
    /// `duration`
    Duration,
    /// `type(T)`
    TypeOf(Arc<Type>),
    /// `list(T)`
    List(Arc<Type>),
    /// `map(K, V)`
    Map(Arc<(Type, Type)>),
    /// `optional_type(T)`
    Optional(Arc<Type>),
    /// `T` or null.
    Nullable(Arc<Type>),
    /// One of several types, such as an integer or a string.
    Union(Arc<[Type]>),
    /// A map with declared fields.
    Object(Arc<ObjectType>),
    /// A named type of a library or the host, with parameters.
    Opaque(Arc<str>, Arc<[Type]>),
    /// A type parameter in a function's signature.
    Param(Arc<str>),
    /// A type to be found out while checking.
    Var(u32),
}

/// A map with a fixed set of declared fields.
#[derive(Debug, PartialEq, Eq)]
pub struct ObjectType {
    /// The name shown in messages.
    pub name: String,
    /// The fields by name.
    pub fields: BTreeMap<String, Type>,
}

impl Type {
    /// `list(element)`
    pub fn list(element: Type) -> Self {
        Self::List(Arc::new(element))
    }

    /// `map(key, value)`
    pub fn map(key: Type, value: Type) -> Self {
        Self::Map(Arc::new((key, value)))
    }

    /// `optional_type(inner)`
    pub fn optional(inner: Type) -> Self {
        Self::Optional(Arc::new(inner))
    }

    /// `inner` or null
    pub fn nullable(inner: Type) -> Self {
        Self::Nullable(Arc::new(inner))
    }

    /// One of several types.
    pub fn union(of: impl Into<Arc<[Type]>>) -> Self {
        Self::Union(of.into())
    }

    /// A map with declared fields.
    pub fn object(name: impl Into<String>, fields: impl IntoIterator<Item = (String, Type)>) -> Self {
        Self::Object(Arc::new(ObjectType { name: name.into(), fields: fields.into_iter().collect() }))
    }

    /// A named type without parameters.
    pub fn opaque(name: &str) -> Self {
        Self::Opaque(name.into(), Arc::from([]))
    }

    /// A type parameter of a function's signature.
    pub fn param(name: &str) -> Self {
        Self::Param(name.into())
    }

    /// The type of types.
    pub fn type_of(inner: Type) -> Self {
        Self::TypeOf(Arc::new(inner))
    }

    /// Whether this is `dyn` or a type with an error, both of which fit everywhere.
    pub fn is_dyn(&self) -> bool {
        matches!(self, Self::Dyn | Self::Error)
    }

    /// Whether `dyn`, a union or a nullable type occurs anywhere in it, so that a check at run time is needed.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Dyn | Self::Error | Self::Union(_) | Self::Nullable(_) | Self::Param(_) | Self::Var(_) => true,
            Self::List(inner) | Self::Optional(inner) => inner.is_open(),
            Self::Map(kv) => kv.0.is_open() || kv.1.is_open(),
            Self::Opaque(_, params) => params.iter().any(Self::is_open),
            _ => false,
        }
    }

    /// The name without parameters, as `type(x)` shows it at run time.
    pub fn runtime_name(&self) -> &str {
        match self {
            Self::Dyn | Self::Var(_) => "dyn",
            Self::Error => "!error!",
            Self::Null => "null_type",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Double => "double",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Timestamp => "google.protobuf.Timestamp",
            Self::Duration => "google.protobuf.Duration",
            Self::TypeOf(_) => "type",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Optional(_) => "optional_type",
            Self::Nullable(inner) => inner.runtime_name(),
            Self::Union(_) => "union",
            Self::Object(object) => &object.name,
            Self::Opaque(name, _) | Self::Param(name) => name,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Duration => f.write_str("duration"),
            Self::TypeOf(inner) => match &**inner {
                Self::Dyn => f.write_str("type"),
                inner => write!(f, "type({inner})"),
            },
            Self::List(inner) => write!(f, "list({inner})"),
            Self::Map(kv) => write!(f, "map({}, {})", kv.0, kv.1),
            Self::Optional(inner) => write!(f, "optional_type({inner})"),
            Self::Nullable(inner) => write!(f, "wrapper({inner})"),
            Self::Union(of) => {
                for (i, ty) in of.iter().enumerate() {
                    if i > 0 {
                        f.write_str(" | ")?;
                    }
                    ty.fmt(f)?;
                }
                Ok(())
            }
            Self::Opaque(name, params) if !params.is_empty() => {
                write!(f, "{name}(")?;
                for (i, ty) in params.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    ty.fmt(f)?;
                }
                f.write_str(")")
            }
            Self::Var(id) => write!(f, "_var{id}"),
            other => f.write_str(other.runtime_name()),
        }
    }
}
