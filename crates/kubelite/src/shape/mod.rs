//! Objects on their way out: whole, as metadata only, or as table rows; always in the version that was asked for.

mod bare;

use std::sync::Arc;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    convert,
    kinds::{Kind, Origin},
    object::meta,
    store::Stored,
    table,
    verbs::Call,
    wire::{Body, Shape, json_answer, object_answer},
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

/// The object in the call's version.
pub(crate) fn in_version(call: &Call, object: &Stored) -> Value {
    let mut value = object.value();
    if !as_stored(&call.kind, object) {
        convert::to(&call.kind, &mut value);
        if call.kind.origin == Origin::Custom
            && let Some(schema) = call.kind.schema()
        {
            schema.prune(&mut value);
            schema.default_in_place(&mut value);
        }
    }
    value
}

/// A single object that is stored.
pub(crate) fn one(call: &Call, code: StatusCode, object: &Stored) -> Response<Body> {
    if call.format.shape == Shape::Whole && as_stored(&call.kind, object) {
        return object_answer(code, object.bytes.clone(), call.format);
    }
    value(call, code, &in_version(call, object))
}

/// A single object.
pub(crate) fn value(call: &Call, code: StatusCode, object: &Value) -> Response<Body> {
    let shaped = shaped(call, object, true);
    json_answer(code, &shaped, call.format)
}

/// A single object in the shape that was asked for.
pub(crate) fn shaped(call: &Call, object: &Value, columns: bool) -> Value {
    match call.format.shape {
        Shape::Whole => object.clone(),
        Shape::Metadata => partial(object),
        Shape::Table => {
            let metadata = json!({"resourceVersion": meta::text(object, "resourceVersion")});
            table::of(call, std::slice::from_ref(object), &metadata, columns)
        }
    }
}

/// Metadata alone.
pub(crate) fn partial(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}

/// Several objects.
pub(crate) fn list(
    call: &Call,
    code: StatusCode,
    objects: &[Arc<Stored>],
    revision: u64,
    token: Option<String>,
    remaining: Option<usize>,
) -> Response<Body> {
    let mut metadata = json!({"resourceVersion": revision.to_string()});
    if let Some(token) = token {
        metadata["continue"] = token.into();
    }
    if let Some(remaining) = remaining {
        metadata["remainingItemCount"] = remaining.into();
    }
    match call.format.shape {
        Shape::Table => {
            let values: Vec<Value> = objects.iter().map(|object| in_version(call, object)).collect();
            json_answer(code, &table::of(call, &values, &metadata, true), call.format)
        }
        Shape::Metadata => {
            let items: Vec<Value> =
                objects.iter().map(|object| json!({"metadata": object.value()["metadata"]})).collect();
            let list = json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "items": items});
            json_answer(code, &list, call.format)
        }
        Shape::Whole => {
            // Written by hand, so that stored objects are copied as they are instead of being decoded.
            let size: usize = objects.iter().map(|object| object.bytes.len() + 1).sum();
            let mut out = Vec::with_capacity(size + 256);
            let head = json!({"apiVersion": call.kind.api_version(), "items": [], "kind": &*call.kind.list_kind, "metadata": metadata}).to_string();
            let (before, after) = head.split_once("[]").unwrap_or((&head, ""));
            out.extend_from_slice(before.as_bytes());
            out.push(b'[');
            for (index, object) in objects.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                let builtin = call.kind.origin == Origin::Builtin;
                match (as_stored(&call.kind, object), builtin) {
                    (true, true) => bare::append(&object.bytes, &mut out),
                    (true, false) => out.extend_from_slice(&object.bytes),
                    (false, _) => {
                        let mut value = in_version(call, object);
                        if let Some(map) = value.as_object_mut().filter(|_| builtin) {
                            map.remove("apiVersion");
                            map.remove("kind");
                        }
                        out.extend_from_slice(value.to_string().as_bytes());
                    }
                }
            }
            out.push(b']');
            out.extend_from_slice(after.as_bytes());
            object_answer(code, Bytes::from(out), call.format)
        }
    }
}
