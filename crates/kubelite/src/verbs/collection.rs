//! Delete everything that is chosen.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::{Call, delete, list::Selection};
use crate::{
    shape,
    status::ApiError,
    wire::{self, Body, Media},
};

/// Deletes the chosen objects one by one; answers with the list of them.
pub(crate) async fn delete_collection(call: &mut Call, media: Media, body: &Bytes) -> Result<Response<Body>, ApiError> {
    let options = delete::Options::of(call, media, body)?;
    let selection = Selection::of(call)?;
    let shelf = call.core.store.shelf(&call.kind.shelf);
    let (objects, revision) = shelf.list(&selection.prefix, None, || call.core.store.revision());
    let mut items: Vec<Value> = Vec::new();
    for stored in objects.iter().filter(|object| selection.matches(object)) {
        match delete::remove(call, stored, &options).await {
            // The list is that of what there was.
            Ok(_) => items.push(shape::in_version(&call.kind, stored)),
            // Somebody else was faster.
            Err(error) if error.code == StatusCode::NOT_FOUND => {}
            Err(error) => return Err(error),
        }
    }
    if call.kind.origin == crate::kinds::Origin::Builtin {
        // The list says them already.
        for item in items.iter_mut().filter_map(Value::as_object_mut) {
            item.remove("apiVersion");
            item.remove("kind");
        }
    }
    let list = json!({"kind": &*call.kind.list_kind, "apiVersion": call.kind.api_version(), "metadata": shape::list_metadata(&call.kind, revision), "items": items});
    Ok(wire::json_answer(StatusCode::OK, &list, wire::Format::JSON))
}
