//! Get.

use std::sync::Arc;

use http::{Response, StatusCode};

use super::{Call, list};
use crate::{shape, status::ApiError, store::Stored, wire::Body};

/// The object at the call's path.
pub(crate) fn current(call: &Call) -> Result<Arc<Stored>, ApiError> {
    let name = call.named()?;
    call.core.store.shelf(&call.kind.shelf).get(&call.path(name)).ok_or_else(|| ApiError::not_found(&call.kind, name))
}

/// Answers with the object, or its scale.
pub(crate) fn get(call: &Call) -> Result<Response<Body>, ApiError> {
    let committed = call.core.store.revision();
    if let Some(asked) = list::revision(&call.params.resource_version)?.filter(|asked| *asked > committed) {
        return Err(list::too_new(asked, committed));
    }
    let object = current(call)?;
    if call.sub() == "scale" {
        let scale = super::scale::of(&call.kind, &object.value())?;
        return Ok(crate::wire::json_answer(StatusCode::OK, &scale, call.format));
    }
    Ok(shape::one(call, StatusCode::OK, &object))
}
