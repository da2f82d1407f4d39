//! Bodies of requests.

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::Body;
use crate::status::ApiError;

/// Largest body, as in Kubernetes.
const LIMIT: usize = 3 * 1024 * 1024;

/// Time for a body to arrive.
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(1);

/// What the body is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    Json,
    Yaml,
    Protobuf,
    JsonPatch,
    MergePatch,
    StrategicPatch,
    ApplyYaml,
}

/// Reads the `Content-Type`; absent: JSON.
pub(crate) fn media_of(headers: &HeaderMap) -> Result<Media, ApiError> {
    let given =
        headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("application/json");
    match given.split(';').next().unwrap_or_default().trim() {
        "application/json" | "" => Ok(Media::Json),
        "application/yaml" => Ok(Media::Yaml),
        "application/vnd.kubernetes.protobuf" => Ok(Media::Protobuf),
        "application/json-patch+json" => Ok(Media::JsonPatch),
        "application/merge-patch+json" => Ok(Media::MergePatch),
        "application/strategic-merge-patch+json" => Ok(Media::StrategicPatch),
        "application/apply-patch+yaml" => Ok(Media::ApplyYaml),
        _ => Err(ApiError::unsupported_media(&[
            "application/json",
            "application/yaml",
            "application/vnd.kubernetes.protobuf",
        ])),
    }
}

/// Media types of patches to Kubernetes' own kinds.
const PATCHES: &[&str] = &[
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
];

/// Reads the `Content-Type` of a patch to one of Kubernetes' own kinds.
pub(crate) fn patch_of(headers: &HeaderMap) -> Result<Media, ApiError> {
    let refused = || ApiError::unsupported_media(PATCHES).with_empty_details();
    match media_of(headers) {
        Ok(Media::Json | Media::Yaml | Media::Protobuf) | Err(_) => Err(refused()),
        Ok(media) => Ok(media),
    }
}

/// Reads the whole body, up to the limit.
pub(crate) async fn read(body: Body) -> Result<Bytes, ApiError> {
    let whole = tokio::time::timeout(PATIENCE, Limited::new(body, LIMIT).collect()).await;
    let Ok(whole) = whole else {
        return Err(ApiError::new(
            http::StatusCode::REQUEST_TIMEOUT,
            "Timeout",
            "the request body took too long to arrive",
        ));
    };
    match whole {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => {
            Err(ApiError::too_large(format!("the request body is larger than {LIMIT} bytes: limit is {LIMIT}")))
        }
        Err(error) => Err(ApiError::bad_request(format!("the request body could not be read: {error}"))),
    }
}
