//! One request of a case, over its own connection.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What came back; none where there was no answer at all.
pub(super) type Answered = Option<(StatusCode, HeaderMap, String)>;

/// A request as a case asks for it.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) address: SocketAddr,
    pub(super) secure: bool,
    pub(super) host: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Asked {
    /// Whether it is a call of gRPC, which is HTTP/2.
    fn is_call(&self) -> bool {
        self.method == "CALL"
    }

    /// Asks; `roots` are trusted.
    pub(super) async fn answered(&self, roots: &[String]) -> Answered {
        let stream = TcpStream::connect(self.address).await.ok()?;
        if !self.secure {
            return self.over(stream).await;
        }
        let mut store = RootCertStore::empty();
        for root in roots {
            store.add(CertificateDer::from_pem_slice(root.as_bytes()).expect("PEM")).expect("a root");
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("TLS");
        let config = config.with_root_certificates(store).with_no_client_auth();
        let name = ServerName::try_from(self.host.split(':').next().unwrap_or_default().to_owned()).expect("a name");
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
        self.over(stream).await
    }

    async fn over<I: AsyncRead + AsyncWrite + Unpin + Send + 'static>(&self, stream: I) -> Answered {
        let stream = TokioIo::new(stream);
        let response = if self.is_call() {
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.ok()?;
            tokio::spawn(connection);
            let request = Request::post(format!("http://{}{}", self.host, self.target));
            let request = request.header("content-type", "application/grpc").header("te", "trailers");
            sender.send_request(self.complete(request, false)).await.ok()?
        } else {
            let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.ok()?;
            tokio::spawn(connection);
            let request = Request::builder().method(self.method.as_str()).uri(self.target.as_str());
            sender.send_request(self.complete(request, true)).await.ok()?
        };
        let (parts, body) = response.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        Some((parts.status, parts.headers, String::from_utf8_lossy(&body).into_owned()))
    }

    fn complete(&self, mut request: http::request::Builder, names_host: bool) -> Request<Full<Bytes>> {
        if names_host && !self.headers.iter().any(|(name, _)| name == "host") {
            request = request.header("host", &self.host);
        }
        for (name, value) in &self.headers {
            request = request.header(name.as_str(), value.as_str());
        }
        request.body(Full::from(self.body.clone())).expect("a request")
    }
}
