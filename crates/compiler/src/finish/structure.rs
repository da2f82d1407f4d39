//! The fields without which an object is no manifest.

use std::fmt;

use crate::tree::Tree;

/// A field that is missing, is no string, or is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    ApiVersion,
    Kind,
    Metadata,
    Name,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ApiVersion => "apiVersion",
            Self::Kind => "kind",
            Self::Metadata => "metadata",
            Self::Name => "metadata.name",
        })
    }
}

/// The first field of `order` that `object` lacks.
pub(crate) fn missing_field(object: &Tree, order: [Missing; 4]) -> Option<Missing> {
    let text = |path: &[&str]| object.text_at(path).is_some_and(|text| !text.is_empty());
    order.into_iter().find(|field| !match field {
        Missing::ApiVersion => text(&["apiVersion"]),
        Missing::Kind => text(&["kind"]),
        Missing::Metadata => object.get("metadata").is_some_and(|m| m.as_map().is_some()),
        Missing::Name => text(&["metadata", "name"]),
    })
}
