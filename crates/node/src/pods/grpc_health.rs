//! The question of gRPC's health checking protocol: `grpc.health.v1.Health/Check` over HTTP/2 without TLS.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use k8s_openapi::api::core::v1::GRPCAction;

use super::ask::{Target, connect};

/// The most of an answer that is read; a well-formed one has a few bytes.
const ANSWER: usize = 4096;
/// `HealthCheckResponse.ServingStatus.SERVING`.
const SERVING: u64 = 1;

impl Target {
    pub(crate) async fn grpc(&self, action: &GRPCAction) -> Result<(), String> {
        let host = self.host(None)?;
        let port = u16::try_from(action.port).ok().filter(|port| *port > 0);
        let port = port.ok_or_else(|| "the port is not between 1 and 65535".to_owned())?;
        check(&host, port, action.service.as_deref().unwrap_or_default()).await
    }
}

/// Asks whether a service is up; the empty name is the server's own.
async fn check(host: &str, port: u16, service: &str) -> Result<(), String> {
    let stream = connect(host, port).await;
    let stream = stream.map_err(|error| format!("timeout: failed to connect service \"{host}:{port}\": {error}"))?;
    let failed = |error: &dyn std::fmt::Display| format!("error: health rpc probe failed: {error}");
    let opened = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (mut sender, connection) = opened.map_err(|error| failed(&error))?;
    let request = http::Request::post(format!("http://{host}:{port}/grpc.health.v1.Health/Check"))
        .header(http::header::CONTENT_TYPE, "application/grpc")
        .header(http::header::USER_AGENT, "kube-probe/1.36")
        .header(http::header::TE, "trailers")
        .body(Full::new(question(service)))
        .map_err(|error| failed(&error))?;
    let exchange = async {
        let answer = sender.send_request(request).await.map_err(|error| failed(&error))?;
        let (head, body) = answer.into_parts();
        let read = http_body_util::Limited::new(body, ANSWER).collect().await.map_err(|error| failed(&error))?;
        let trailers = read.trailers().cloned().unwrap_or_default();
        let text = |name: &str| {
            let found = trailers.get(name).or_else(|| head.headers.get(name));
            found.and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        match text("grpc-status").as_deref() {
            Some("0") => {}
            Some("12") => {
                return Err(
                    "error: this server does not implement the grpc health protocol (grpc.health.v1.Health)".to_owned()
                );
            }
            Some(code) => {
                let words = text("grpc-message").unwrap_or_default();
                return Err(failed(&format!("status {code}: {words}")));
            }
            None => return Err(failed(&format!("the answer, HTTP {}, is not one of gRPC", head.status.as_u16()))),
        }
        match serving_status(&read.to_bytes()) {
            Some(SERVING) => Ok(()),
            Some(other) => Err(format!("service unhealthy (responded with {:?})", status_name(other))),
            None => Err(failed(&"the answer is not a HealthCheckResponse")),
        }
    };
    let carried = async {
        let _ = connection.await;
        std::future::pending::<std::convert::Infallible>().await
    };
    tokio::select! {
        answer = exchange => answer,
        never = carried => match never {},
    }
}

fn status_name(status: u64) -> &'static str {
    match status {
        0 => "UNKNOWN",
        2 => "NOT_SERVING",
        3 => "SERVICE_UNKNOWN",
        _ => "a status of no name",
    }
}

/// A `HealthCheckRequest` as one message of gRPC: not compressed, its length, field 1 as text.
fn question(service: &str) -> Bytes {
    let mut message = Vec::new();
    if !service.is_empty() {
        message.push(0x0a);
        varint(service.len() as u64, &mut message);
        message.extend_from_slice(service.as_bytes());
    }
    let mut framed = vec![0];
    framed.extend_from_slice(&(message.len() as u32).to_be_bytes());
    framed.extend_from_slice(&message);
    framed.into()
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Field 1 of a `HealthCheckResponse` in its frame. An absent field is 0.
fn serving_status(framed: &[u8]) -> Option<u64> {
    let (head, message) = framed.split_at_checked(5)?;
    if head[0] != 0 || u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize != message.len() {
        return None;
    }
    match message {
        [] => Some(0),
        [0x08, number] if *number < 0x80 => Some(u64::from(*number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, Request, Response};
    use http_body_util::{BodyExt as _, Full};
    use hyper::body::Incoming;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use tokio::net::TcpListener;

    use super::{check, question, serving_status};

    /// A server that says of `db` that it serves, of `old` that it does not, and knows no other.
    async fn answer(
        request: Request<Incoming>,
    ) -> Result<Response<http_body_util::combinators::BoxBody<Bytes, Infallible>>, Infallible> {
        assert_eq!(request.uri().path(), "/grpc.health.v1.Health/Check");
        let asked = request.into_body().collect().await.expect("a body").to_bytes();
        let (status, body) = match &asked[..] {
            asked if *asked == question("db")[..] => ("0", &[0, 0, 0, 0, 2, 8, 1][..]),
            asked if *asked == question("old")[..] => ("0", &[0, 0, 0, 0, 2, 8, 2][..]),
            _ => ("5", &[][..]),
        };
        let trailers = HeaderMap::from_iter([
            (http::HeaderName::from_static("grpc-status"), HeaderValue::from_static(status)),
            (http::HeaderName::from_static("grpc-message"), HeaderValue::from_static("unknown service")),
        ]);
        let body = Full::new(Bytes::from_static(body)).with_trailers(async move { Some(Ok(trailers)) });
        Ok(Response::new(body.boxed()))
    }

    #[tokio::test]
    async fn a_server_is_asked_for_its_service() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let port = listener.local_addr().expect("an address").port();
        let server = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let service = hyper::service::service_fn(answer);
                tokio::spawn(
                    hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        for (service, expected) in [
            ("db", Ok(())),
            ("old", Err("service unhealthy (responded with \"NOT_SERVING\")".to_owned())),
            ("new", Err("error: health rpc probe failed: status 5: unknown service".to_owned())),
        ] {
            assert_eq!(check("127.0.0.1", port, service).await, expected, "{service}");
        }
        server.abort();
    }

    #[test]
    fn the_question_names_the_service_and_the_answer_is_read() {
        assert_eq!(&question("")[..], [0, 0, 0, 0, 0]);
        assert_eq!(&question("db")[..], [0, 0, 0, 0, 4, 0x0a, 2, b'd', b'b']);
        assert_eq!(question(&"x".repeat(200))[5..8], [0x0a, 0xc8, 0x01]);
        for (framed, expected) in [
            (&[0, 0, 0, 0, 2, 8, 1][..], Some(1)),
            (&[0, 0, 0, 0, 2, 8, 2], Some(2)),
            (&[0, 0, 0, 0, 0], Some(0)),
            (&[1, 0, 0, 0, 2, 8, 1], None),
            (&[0, 0, 0, 0, 9, 8, 1], None),
            (&[0, 0], None),
        ] {
            assert_eq!(serving_status(framed), expected, "{framed:?}");
        }
    }
}
