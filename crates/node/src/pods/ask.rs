//! How a container is asked something: by a command in it, over HTTP, TCP or gRPC. Probes and lifecycle hooks ask so.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::{Container, ExecAction, HTTPGetAction, HTTPHeader, TCPSocketAction};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::any_certificate;
use crate::engine::Engine;

/// Where to ask.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) engine: Engine,
    /// For the names of its ports.
    pub(crate) container: Container,
    pub(crate) container_id: String,
    /// The pod's address.
    pub(crate) address: Option<String>,
}

/// An HTTP status that means no.
const REFUSED: &str = "HTTP probe failed with statuscode";

impl Target {
    /// Runs a command in the container; its output where it does not exit with 0.
    pub(crate) async fn exec(&self, action: &ExecAction, deadline: Duration) -> Result<(), String> {
        let command = action.command.clone().unwrap_or_default();
        let ended = self.engine.run(&self.container_id, command, deadline).await?;
        match ended.exit_code {
            0 => Ok(()),
            code if ended.output.is_empty() => Err(format!("command terminated with exit code {code}")),
            _ => Err(ended.output),
        }
    }

    pub(crate) async fn tcp(&self, action: &TCPSocketAction) -> Result<(), String> {
        let (host, port) = self.place(action.host.as_deref(), &action.port)?;
        connect(&host, port).await.map(|_| ()).map_err(|error| format!("dial tcp {host}:{port}: {error}"))
    }

    /// Gets a page; over HTTPS without looking at the certificate, as Kubernetes does.
    pub(crate) async fn http(&self, action: &HTTPGetAction) -> Result<(), String> {
        let (host, port) = self.place(action.host.as_deref(), &action.port)?;
        let path = action.path.as_deref().filter(|path| !path.is_empty()).unwrap_or("/");
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let secure = action.scheme.as_deref() == Some("HTTPS");
        let url = format!("{}://{host}:{port}{path}", if secure { "https" } else { "http" });
        let failed = |error: &dyn std::fmt::Display| format!("Get \"{url}\": {error}");
        let headers = action.http_headers.as_deref().unwrap_or_default();
        let request = request(&path, &format!("{host}:{port}"), headers).map_err(|error| failed(&error))?;
        let stream = connect(&host, port).await.map_err(|error| failed(&error))?;
        let status = if secure {
            let stream = any_certificate::encrypt(stream, &host).await.map_err(|error| failed(&error))?;
            get(stream, request).await
        } else {
            get(stream, request).await
        };
        let status = status.map_err(|error| failed(&error))?;
        if (200..400).contains(&status) { Ok(()) } else { Err(format!("{REFUSED}: {status}")) }
    }

    /// The pod's address, or the host that an action names, and the port's number.
    fn place(&self, host: Option<&str>, port: &IntOrString) -> Result<(String, u16), String> {
        let number = match port {
            IntOrString::Int(number) => Some(*number),
            IntOrString::String(name) => {
                let mut ports = self.container.ports.iter().flatten();
                let named = ports.find(|port| port.name.as_deref() == Some(name)).map(|port| port.container_port);
                named.or_else(|| name.parse().ok())
            }
        };
        let number = number.and_then(|number| u16::try_from(number).ok()).filter(|port| *port > 0);
        let number = number.ok_or_else(|| match port {
            IntOrString::String(name) => format!("the container has no port named {name:?}"),
            IntOrString::Int(_) => "the port is not between 1 and 65535".to_owned(),
        })?;
        Ok((self.host(host)?, number))
    }

    /// The host to ask.
    pub(crate) fn host(&self, named: Option<&str>) -> Result<String, String> {
        let host = named.filter(|host| !host.is_empty()).map(str::to_owned).or_else(|| self.address.clone());
        host.ok_or_else(|| "the pod has no address that this machine reaches".to_owned())
    }
}

pub(crate) async fn connect(host: &str, port: u16) -> std::io::Result<TcpStream> {
    TcpStream::connect((host, port)).await
}

fn request(path: &str, authority: &str, headers: &[HTTPHeader]) -> http::Result<http::Request<Empty<Bytes>>> {
    let mut request = http::Request::get(path)
        .header(http::header::USER_AGENT, "kube-probe/1.36")
        .header(http::header::ACCEPT, "*/*");
    for header in headers {
        request = request.header(&header.name, &header.value);
    }
    if !headers.iter().any(|header| header.name.eq_ignore_ascii_case("host")) {
        request = request.header(http::header::HOST, authority);
    }
    request.body(Empty::new())
}

/// The status of the answer.
async fn get<S>(stream: S, request: http::Request<Empty<Bytes>>) -> Result<u16, hyper::Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // A server may close the connection right behind its answer: the exchange alone has the say.
    let carried = async {
        let _ = connection.await;
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        answer = sender.send_request(request) => Ok(answer?.status().as_u16()),
        never = carried => match never {},
    }
}
