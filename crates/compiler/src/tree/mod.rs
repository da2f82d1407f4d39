//! The value that templates render to, and that patches, hashes and manifests are made of.
//!
//! A [`Tree`] is JSON plus what the contract needs to remember about where a value came from: an integer that an
//! expression computed is not the same as a number that came from JSON (the resource hash sees the difference), and the
//! result of `oc_omit()` is a value until the place that holds it is known.

mod json;
mod map;
mod text;

use std::sync::Arc;

pub use json::NotRepresentable;
pub use map::Map;

/// A rendered value.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// `null` as written in a template or read inside a larger value.
    Null,
    /// `null` as the whole result of an expression: `0` in JSON and text (contract of v1.2).
    NullRead,
    /// A boolean.
    Bool(bool),
    /// An integer computed by an expression or set by a schema default.
    Int(i64),
    /// An unsigned integer computed by an expression.
    Uint(u64),
    /// Every number that came through JSON.
    Double(f64),
    /// A string.
    Text(Arc<str>),
    /// Bytes: base64 in JSON.
    Bytes(Arc<[u8]>),
    /// A duration in nanoseconds: a number in JSON.
    Duration(i64),
    /// A timestamp in RFC 3339: a string in JSON, but quoted when spliced into text.
    Time(Arc<str>),
    /// A list.
    List(Vec<Tree>),
    /// A list of strings as `split` gives it; the resource hash tells it from [`Tree::List`].
    Strings(Vec<Tree>),
    /// An object.
    Map(Map),
    /// An object whose values are known to be strings; the resource hash and workflow runs tell it from [`Tree::Map`].
    StringMap(Map),
    /// `oc_omit()`: removes the entry that holds it. `{}` where nothing removes it.
    Omit,
}

impl Tree {
    /// A string value.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// The object's entries, if this is an object.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) | Self::StringMap(map) => Some(map),
            _ => None,
        }
    }

    /// The object's entries for change, if this is an object. It may hold any values from then on.
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        if let Self::StringMap(map) = self {
            *self = Self::Map(std::mem::take(map));
        }
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The list's items, if this is a list.
    pub fn as_list(&self) -> Option<&[Tree]> {
        match self {
            Self::List(items) | Self::Strings(items) => Some(items),
            _ => None,
        }
    }

    /// The list's items for change, if this is a list. It may hold any values from then on.
    pub fn as_list_mut(&mut self) -> Option<&mut Vec<Tree>> {
        if let Self::Strings(items) = self {
            *self = Self::List(std::mem::take(items));
        }
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The string, if this is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entry `key` of an object.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        self.as_map().and_then(|map| map.get(key))
    }

    /// The string at a path of object keys, `None` where the path ends early or the value is no string.
    pub fn text_at(&self, path: &[&str]) -> Option<&str> {
        path.iter().try_fold(self, |tree, key| tree.get(key)).and_then(Tree::as_text)
    }

    /// The type's name as the contract's messages print it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "<nil>",
            Self::NullRead => "structpb.NullValue",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int64",
            Self::Uint(_) => "uint64",
            Self::Double(_) => "float64",
            Self::Text(_) => "string",
            Self::Bytes(_) => "[]uint8",
            Self::Duration(_) => "time.Duration",
            Self::Time(_) => "time.Time",
            Self::List(_) => "[]interface {}",
            Self::Strings(_) => "[]string",
            Self::Map(_) => "map[string]interface {}",
            Self::StringMap(_) => "map[string]string",
            Self::Omit => "*template.omitValue",
        }
    }
}
