//! Objects on their way out: whole, as metadata only, or as table rows; always in the version that was asked for.

mod bare;
mod listing;

use std::sync::Arc;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use self::listing::Listing;
use crate::{
    convert,
    kinds::{Kind, Origin},
    object::meta,
    store::Stored,
    table,
    verbs::Call,
    wire::{Body, Format, Shape, gzip, json_answer, object_answer},
};

/// Whether the stored bytes are what a client of this kind gets.
pub(crate) fn as_stored(kind: &Kind, object: &Stored) -> bool {
    // What was written before the schema became what it is lacks its defaults and may hold fields that it does not know.
    if object.revision <= kind.since {
        return false;
    }
    let version = &*object.api_version;
    match version.rsplit_once('/') {
        Some((group, version)) => *kind.version == *version && *kind.group == *group,
        None => kind.group.is_empty() && *kind.version == *version,
    }
}

/// The object in that version of its kind.
pub(crate) fn in_version(kind: &Kind, object: &Stored) -> Value {
    let mut value = object.value();
    if !as_stored(kind, object) {
        convert::from_stored(kind, &mut value);
    }
    value
}

/// A single object that is stored.
pub(crate) fn one(call: &Call, code: StatusCode, object: &Stored) -> Response<Body> {
    if call.format.shape == Shape::Whole && as_stored(&call.kind, object) {
        return object_answer(code, object.bytes.clone(), call.format);
    }
    value(call, code, &in_version(&call.kind, object))
}

/// A single object.
pub(crate) fn value(call: &Call, code: StatusCode, object: &Value) -> Response<Body> {
    let shaped = shaped(call, object, true);
    json_answer(code, &shaped, call.format)
}

/// A single object in the shape that was asked for.
pub(crate) fn shaped(call: &Call, object: &Value, columns: bool) -> Value {
    let mut shaped = match call.format.shape {
        Shape::Whole => object.clone(),
        Shape::Metadata => partial(&call.kind, object["metadata"].clone()),
        Shape::Table => {
            let metadata = json!({"resourceVersion": meta::text(object, "resourceVersion")});
            table::of(call, std::slice::from_ref(object), &metadata, columns)
        }
    };
    age(call, &mut shaped);
    shaped
}

/// Tables and metadata in the version before `v1`, where that was asked for.
fn age(call: &Call, shaped: &mut Value) {
    if !call.format.beta || call.format.shape == Shape::Whole {
        return;
    }
    let version = metadata_version(call.format);
    shaped["apiVersion"] = version.into();
    for row in shaped.get_mut("rows").and_then(Value::as_array_mut).into_iter().flatten() {
        if row["object"]["kind"] == "PartialObjectMetadata" {
            row["object"]["apiVersion"] = version.into();
        }
    }
}

/// The version of tables and of metadata.
fn metadata_version(format: Format) -> &'static str {
    if format.beta { "meta.k8s.io/v1beta1" } else { "meta.k8s.io/v1" }
}

/// Metadata alone.
pub(crate) fn partial(kind: &Kind, mut metadata: Value) -> Value {
    crate::strategy::bare_metadata(kind, &mut metadata);
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})
}

/// The metadata of a whole list. One of custom objects always says how it goes on, if only that it does not.
pub(crate) fn list_metadata(kind: &Kind, revision: u64) -> Value {
    let mut metadata = json!({"resourceVersion": revision.to_string()});
    if kind.origin == Origin::Custom {
        metadata["continue"] = "".into();
    }
    metadata
}

/// Several objects.
pub(crate) fn list(
    call: &Call,
    code: StatusCode,
    objects: Vec<Arc<Stored>>,
    revision: u64,
    token: Option<String>,
    remaining: Option<usize>,
) -> Response<Body> {
    let mut metadata = match call.format.shape {
        Shape::Whole => list_metadata(&call.kind, revision),
        Shape::Metadata | Shape::Table => json!({"resourceVersion": revision.to_string()}),
    };
    if let Some(token) = token {
        metadata["continue"] = token.into();
    }
    if let Some(remaining) = remaining {
        metadata["remainingItemCount"] = remaining.into();
    }
    match call.format.shape {
        Shape::Table => {
            let values: Vec<Value> = objects.iter().map(|object| in_version(&call.kind, object)).collect();
            let mut table = table::of(call, &values, &metadata, true);
            age(call, &mut table);
            json_answer(code, &table, call.format)
        }
        Shape::Metadata | Shape::Whole => {
            let head = match call.format.shape {
                Shape::Metadata => {
                    json!({"kind": "PartialObjectMetadataList", "apiVersion": metadata_version(call.format), "metadata": metadata, "items": []})
                }
                _ => {
                    json!({"apiVersion": call.kind.api_version(), "items": [], "kind": &*call.kind.list_kind, "metadata": metadata})
                }
            };
            let size: usize = objects.iter().map(|object| object.bytes.len() + 1).sum();
            let listing = Listing::new(call.kind.clone(), call.format, &head.to_string(), objects);
            if size < gzip::THRESHOLD || call.format.yaml {
                return object_answer(code, listing.whole(), call.format);
            }
            let mut response = object_answer(code, Bytes::new(), call.format);
            *response.body_mut() = listing.into_body();
            response.extensions_mut().insert(gzip::Streamed);
            response
        }
    }
}
