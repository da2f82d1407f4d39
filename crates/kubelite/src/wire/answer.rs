//! Bodies and headers of answers.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::Value;

use super::Body;
use crate::status::ApiError;

/// What an object is reduced to on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The object.
    Whole,
    /// Its table row.
    Table,
    /// Its metadata.
    Metadata,
}

const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// What the client accepts, as far as we can make it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) shape: Shape,
    pub(crate) yaml: bool,
    /// Tables of the version before `v1`.
    pub(crate) beta: bool,
    pub(crate) metadata: Metadata,
}

/// Which metadata was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metadata {
    Single,
    List,
    /// A list whose items say no kind. In protobuf they cannot, and Go's metadata client, which would rather have had that,
    /// compares them with single ones, whose kind it forgets.
    KindlessList,
}

impl Format {
    /// JSON, whole.
    pub(crate) const JSON: Self = Self { shape: Shape::Whole, yaml: false, beta: false, metadata: Metadata::Single };

    /// The first alternative of `Accept` that we can make.
    pub(crate) fn negotiate(headers: &HeaderMap) -> Result<Self, ApiError> {
        let Some(accept) = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()) else {
            return Ok(Self::JSON);
        };
        let (mut seen, mut known, mut kindless) = (false, false, false);
        for clause in accept.split(',') {
            let mut parts = clause.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            if media.is_empty() {
                continue;
            }
            seen = true;
            let mut shape = Some(Shape::Whole);
            let (mut group_fits, mut beta, mut metadata) = (true, false, Metadata::Single);
            known |= matches!(media, "application/json" | "application/yaml" | "*/*" | PROTOBUF);
            for part in parts {
                match part.split_once('=').unwrap_or((part, "")) {
                    ("as", "Table") => shape = Some(Shape::Table),
                    ("as", kind @ ("PartialObjectMetadata" | "PartialObjectMetadataList")) => {
                        shape = Some(Shape::Metadata);
                        metadata = match (kind.ends_with("List"), kindless) {
                            (false, _) => Metadata::Single,
                            (true, false) => Metadata::List,
                            (true, true) => Metadata::KindlessList,
                        };
                    }
                    ("as", _) => shape = None,
                    ("g", group) => group_fits = group == "meta.k8s.io",
                    ("v", version) => {
                        beta = version == "v1beta1";
                        group_fits = group_fits && (beta || version == "v1");
                    }
                    _ => {}
                }
            }
            let Some(shape) = shape else { continue };
            if shape != Shape::Whole && !group_fits {
                continue;
            }
            match media {
                "application/json" | "*/*" => return Ok(Self { shape, yaml: false, beta, metadata }),
                "application/yaml" => return Ok(Self { shape, yaml: true, beta, metadata }),
                PROTOBUF => kindless |= shape == Shape::Metadata,
                _ => {}
            }
        }
        let error = ApiError::not_acceptable("application/json, application/yaml");
        match (seen, known) {
            (false, _) => Ok(Self::JSON),
            // A known form of something that nobody makes.
            (true, true) => Err(error),
            (true, false) => Err(error.with_empty_details()),
        }
    }

    fn media(self) -> HeaderValue {
        HeaderValue::from_static(if self.yaml { "application/yaml" } else { "application/json" })
    }
}

/// An encoded object.
pub(crate) fn object_answer(code: StatusCode, bytes: Bytes, format: Format) -> Response<Body> {
    let bytes = if format.yaml { to_yaml(&bytes) } else { bytes };
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = code;
    response.headers_mut().insert(header::CONTENT_TYPE, format.media());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

fn to_yaml(json: &Bytes) -> Bytes {
    let text = serde_json::from_slice::<Value>(json).ok().and_then(|value| serde_saphyr::to_string(&value).ok());
    text.map_or_else(|| json.clone(), Bytes::from)
}

/// Any JSON.
pub(crate) fn json_answer(code: StatusCode, value: &Value, format: Format) -> Response<Body> {
    object_answer(code, Bytes::from(value.to_string()), format)
}

/// A `Status`.
pub(crate) fn status_answer(code: StatusCode, value: &Value) -> Response<Body> {
    json_answer(code, value, Format::JSON)
}

/// A refusal.
pub(crate) fn failure(error: &ApiError, format: Format) -> Response<Body> {
    if error.code == StatusCode::NOT_FOUND && error.reason.is_empty() {
        return text_answer(error.code, format!("{}\n", error.message));
    }
    let format = Format { yaml: format.yaml, ..Format::JSON };
    let mut response = json_answer(error.code, &error.to_value(), format);
    if let Some(seconds) = error.details.as_ref().map(|details| details.retry_after).filter(|&seconds| seconds > 0) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// An answer whose connection ends before it is there.
pub(super) fn broken() -> Response<Body> {
    let end = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "a fault was put here");
    Response::new(Body::from_stream(futures::stream::iter([Err::<Bytes, _>(end)])))
}

/// Plain text.
pub(crate) fn text_answer(code: StatusCode, text: impl Into<String>) -> Response<Body> {
    let mut response = Response::new(Body::from(text.into()));
    *response.status_mut() = code;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
