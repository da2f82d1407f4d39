//! Answers of our own, in plain words; to calls of gRPC in its terms.

use std::fmt::Write as _;

use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};

use super::body::Answer;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// An answer in plain words.
pub(super) fn refusal(status: StatusCode, words: &str) -> Response<Answer> {
    let mut response = Response::new(Answer::words(format!("{words}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// Whether a request is a call of gRPC.
pub(super) fn is_call(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}

/// The same refusal for a call of gRPC: HTTP's 200, the status in a header (gRPC over HTTP/2, "Trailers-Only").
pub(super) fn refused_call(refusal: Response<Answer>) -> Response<Answer> {
    let (parts, body) = refusal.into_parts();
    let Answer::Words(words) = body else { return Response::from_parts(parts, body) };
    let mut response = Response::new(Answer::words(""));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(GRPC_STATUS, HeaderValue::from(status_of(parts.status)));
    let words = words.map(|bytes| String::from_utf8_lossy(&bytes).trim_end().to_owned()).unwrap_or_default();
    if let Ok(message) = HeaderValue::from_str(&encoded(&words)) {
        headers.insert(GRPC_MESSAGE, message);
    }
    response
}

/// gRPC's own table of what a status of HTTP means to a call.
fn status_of(status: StatusCode) -> u16 {
    match status {
        StatusCode::BAD_REQUEST => 13,
        StatusCode::UNAUTHORIZED => 16,
        StatusCode::FORBIDDEN => 7,
        StatusCode::NOT_FOUND => 12,
        StatusCode::GATEWAY_TIMEOUT => 4,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE => 14,
        _ => 2,
    }
}

/// Printable ASCII without the percent sign stays as it is.
fn encoded(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for byte in words.bytes() {
        if (b' '..=b'~').contains(&byte) && byte != b'%' {
            out.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
