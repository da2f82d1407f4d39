//! What is served: groups, versions, resources, schemas.

mod groups;

use std::sync::Arc;

use http::{HeaderMap, Response, StatusCode};

use crate::{
    core::Core,
    status::ApiError,
    wire::{Body, Format, json_answer},
};

/// Documents that are made once per set of kinds.
#[derive(Default)]
pub(crate) struct Documents {}

/// Answers a path that names no resource.
pub(crate) fn serve(core: &Arc<Core>, path: &str, headers: &HeaderMap) -> Result<Response<Body>, ApiError> {
    let kinds = core.registry.kinds();
    let aggregated = groups::wants_aggregated(headers);
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let answer = match parts.as_slice() {
        ["api"] if aggregated => return Ok(groups::aggregated_answer(groups::aggregated(&kinds, true))),
        ["apis"] if aggregated => return Ok(groups::aggregated_answer(groups::aggregated(&kinds, false))),
        ["api"] => groups::legacy(),
        ["apis"] => groups::list(&kinds),
        ["api", version] => groups::resources(&kinds, "", version).ok_or_else(ApiError::no_such_path)?,
        ["apis", group] => groups::one(&kinds, group).ok_or_else(ApiError::no_such_path)?,
        ["apis", group, version] => groups::resources(&kinds, group, version).ok_or_else(ApiError::no_such_path)?,
        _ => return Err(ApiError::no_such_path()),
    };
    Ok(json_answer(StatusCode::OK, &answer, Format::JSON))
}
