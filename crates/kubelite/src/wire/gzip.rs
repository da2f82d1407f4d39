//! Large answers in gzip, where the client takes it, as kube-apiserver does it: made piece by piece while it is sent.

use std::io::Write;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use futures::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, Response, header};
use http_body::Body as _;

use super::Body;

/// Smaller answers are sent as they are.
pub(crate) const THRESHOLD: usize = 128 * 1024;
/// As kube-apiserver: speed counts more than size.
const LEVEL: u32 = 1;
/// Bytes that are compressed at a time.
const PIECE: usize = 64 * 1024;

/// Marks an answer that is large, but whose size nobody knows yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Streamed;

/// Whether the client takes it.
pub(super) fn accepted(headers: &HeaderMap) -> bool {
    let listed = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    listed.split(',').any(|word| word.trim() == "gzip")
}

/// The answer, compressed where that is worth it.
pub(super) fn compressed(response: Response<Body>) -> Response<Body> {
    let large = response.body().size_hint().exact().is_some_and(|size| size > THRESHOLD as u64);
    if !large && response.extensions().get::<Streamed>().is_none() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    let pieces = body.into_data_stream().flat_map(|piece| match piece {
        Ok(bytes) => stream::iter(Pieces(bytes).map(Ok)).left_stream(),
        Err(error) => stream::iter([Err(error)]).right_stream(),
    });
    let encoder = GzEncoder::new(Vec::new(), Compression::new(LEVEL));
    let encoded = stream::unfold((Box::pin(pieces), Some(encoder)), |(mut pieces, encoder)| async move {
        let mut encoder = encoder?;
        loop {
            let piece = match pieces.next().await {
                Some(Ok(piece)) => piece,
                Some(Err(error)) => return Some((Err(error), (pieces, None))),
                None => {
                    let end = encoder.finish().map(Bytes::from).map_err(axum::Error::new);
                    return Some((end, (pieces, None)));
                }
            };
            if let Err(error) = encoder.write_all(&piece) {
                return Some((Err(axum::Error::new(error)), (pieces, None)));
            }
            if !encoder.get_ref().is_empty() {
                let made = Bytes::from(std::mem::take(encoder.get_mut()));
                return Some((Ok(made), (pieces, Some(encoder))));
            }
        }
    });
    Response::from_parts(parts, Body::from_stream(encoded))
}

/// A large piece in smaller ones.
struct Pieces(Bytes);

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        (!self.0.is_empty()).then(|| self.0.split_to(self.0.len().min(PIECE)))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use http_body_util::BodyExt;

    use super::*;

    async fn plain(response: Response<Body>) -> Vec<u8> {
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let mut out = Vec::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut out).unwrap();
        out
    }

    #[tokio::test]
    async fn what_is_larger_than_128_kib_is_compressed() {
        let text: Vec<u8> = (0..=THRESHOLD).map(|at| b'a' + (at % 23) as u8).collect();
        let response = compressed(Response::new(Body::from(text.clone())));
        assert_eq!(response.headers()["content-encoding"], "gzip");
        assert_eq!(response.headers()["vary"], "Accept-Encoding");
        assert_eq!(plain(response).await, text);
        let response = compressed(Response::new(Body::from(text[..THRESHOLD].to_vec())));
        assert!(response.headers().is_empty());
    }

    #[tokio::test]
    async fn a_stream_is_compressed_whatever_its_size() {
        let parts = ["one ", "two"].map(|part| Ok::<_, std::convert::Infallible>(Bytes::from(part)));
        let mut response = Response::new(Body::from_stream(stream::iter(parts)));
        response.extensions_mut().insert(Streamed);
        assert_eq!(plain(compressed(response)).await, b"one two");
    }

    #[test]
    fn only_the_plain_word_asks_for_it() {
        let accepts = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(text));
            accepted(&headers)
        };
        assert_eq!(["gzip", "deflate, gzip", "br", "gzip;q=0"].map(accepts), [true, true, false, false]);
    }
}
