//! What is served: groups, versions, resources, schemas.

mod documents;
mod groups;
mod openapi;
mod operations;
mod prose;

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header};
use serde_json::json;

pub(crate) use self::documents::Documents;
use crate::{
    core::Core,
    kinds::{Kinds, Origin},
    metrics,
    status::ApiError,
    wire::{Body, Format, json_answer, object_answer},
};

/// Answers a path that names no resource.
pub(crate) fn serve(core: &Arc<Core>, uri: &Uri, headers: &HeaderMap) -> Result<Response<Body>, ApiError> {
    let kinds = core.registry.kinds();
    let aggregated = groups::wants_aggregated(headers);
    if matches!(uri.path(), "/api" | "/apis") && !aggregated && !groups::takes_legacy(headers) {
        return Err(ApiError::not_acceptable("application/json"));
    }
    let parts: Vec<&str> = uri.path().split('/').filter(|part| !part.is_empty()).collect();
    let measures = core.metrics.get().is_some();
    let answer = match parts.as_slice() {
        ["api"] if aggregated => return Ok(groups::aggregated_answer(&groups::aggregated(&kinds, true))),
        ["apis"] if aggregated => {
            let mut document = groups::aggregated(&kinds, false);
            if measures {
                metrics::add_aggregated(&mut document);
            }
            return Ok(groups::aggregated_answer(&document));
        }
        ["api"] => groups::legacy(),
        ["apis"] => {
            let mut list = groups::list(&kinds);
            if measures {
                metrics::add_group(&mut list);
            }
            list
        }
        ["api", version] => groups::resources(&kinds, "", version).ok_or_else(ApiError::no_such_path)?,
        ["apis", group] => {
            let own = || metrics::group(group).filter(|_| measures);
            groups::one(&kinds, group).or_else(own).ok_or_else(|| nothing_at(&kinds, group))?
        }
        ["apis", group, version] => {
            let own = || metrics::resources(group, version).filter(|_| measures);
            groups::resources(&kinds, group, version).or_else(own).ok_or_else(|| nothing_at(&kinds, group))?
        }
        ["openapi", "v2"] => return document(core, headers, "v2", |kinds| Some(openapi::v2(kinds))),
        ["openapi", "v3"] => {
            let mut response = json_answer(StatusCode::OK, &openapi::index(&kinds), Format::JSON);
            let plain = HeaderValue::from_static("text/plain; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, plain);
            return Ok(response);
        }
        ["openapi", "v3", "api", version] => {
            return document(core, headers, &format!("/{version}"), |kinds| openapi::v3(kinds, "", version));
        }
        ["openapi", "v3", "apis", group, version] => {
            return document(core, headers, &format!("{group}/{version}"), |kinds| openapi::v3(kinds, group, version));
        }
        [] => {
            let mut paths = vec!["/api".to_owned(), "/api/v1".to_owned(), "/apis".to_owned()];
            for group in kinds.groups.iter().filter(|group| !group.name.is_empty()) {
                paths.push(format!("/apis/{}", group.name));
                paths.extend(group.versions.iter().map(|version| format!("/apis/{}/{version}", group.name)));
            }
            if measures {
                paths.extend(metrics::paths());
            }
            paths
                .extend(["/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"].map(str::to_owned));
            json!({"paths": paths})
        }
        _ => return Err(ApiError::no_such_page()),
    };
    Ok(json_answer(StatusCode::OK, &answer, Format::JSON))
}

/// What is said of a path below a group where nothing is: of Kubernetes' own groups as an object, else as of any path.
pub(crate) fn nothing_at(kinds: &Kinds, group: &str) -> ApiError {
    let own = kinds.rows.iter().any(|kind| kind.origin == Origin::Builtin && *kind.group == *group);
    if own { ApiError::no_such_path() } else { ApiError::no_such_page() }
}

/// A document that is made once for each set of kinds, with an entity tag.
fn document(
    core: &Core,
    headers: &HeaderMap,
    name: &str,
    make: impl FnOnce(&crate::kinds::Kinds) -> Option<serde_json::Value>,
) -> Result<Response<Body>, ApiError> {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
    if !["json", "*/*", "application/*"].iter().any(|known| accept.contains(known)) {
        return Err(ApiError::not_acceptable("application/json"));
    }
    let Some((bytes, tag)) = core.documents.get(&core.registry.kinds(), name, make) else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_FOUND;
        return Ok(response);
    };
    let tag = format!("\"{tag}\"");
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|known| known.contains(&tag));
    let mut response = object_answer(StatusCode::OK, bytes, Format::JSON);
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}
