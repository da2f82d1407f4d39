//! The fields without which an object is no manifest.

use std::fmt;

use crate::tree::{Map, Tree};

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
    let text = |value: &Tree| value.as_text().is_some_and(|text| !text.is_empty());
    let [mut version, mut kind, mut metadata, mut name] = [false; 4];
    for (key, value) in object.as_map().into_iter().flat_map(Map::iter) {
        match &**key {
            "apiVersion" => version = text(value),
            "kind" => kind = text(value),
            "metadata" => {
                metadata = value.as_map().is_some();
                name = value.get("name").is_some_and(text);
            }
            _ => {}
        }
    }
    order.into_iter().find(|field| !match field {
        Missing::ApiVersion => version,
        Missing::Kind => kind,
        Missing::Metadata => metadata,
        Missing::Name => name,
    })
}
