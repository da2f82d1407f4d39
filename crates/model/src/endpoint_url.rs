//! Addresses of endpoints, as status tells them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An address in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndpointUrl {
    /// `http`, `https`, `ws`, `wss`, `grpc`, `grpcs`, `tcp`, `udp`, `tls`, or nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scheme: String,
    /// Host name.
    #[schemars(length(min = 1))]
    pub host: String,
    /// Port; absent if it goes without saying.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<i32>,
    /// Path.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
}

/// Scheme, host, port and path as one text; `host:port/path` for a scheme that browsers and clients do not write out.
impl std::fmt::Display for EndpointUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if matches!(self.scheme.as_str(), "http" | "https" | "ws" | "wss" | "tls") {
            write!(f, "{}://", self.scheme)?;
        }
        f.write_str(&self.host)?;
        if let Some(port) = self.port.filter(|port| *port != 0) {
            write!(f, ":{port}")?;
        }
        if !self.path.is_empty() && !self.path.starts_with('/') {
            f.write_str("/")?;
        }
        f.write_str(&self.path)
    }
}

/// The addresses of one endpoint, by the gateway's listener.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndpointGatewayUrls {
    /// At the plain listener.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<EndpointUrl>,
    /// At the listener that ends TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub https: Option<EndpointUrl>,
    /// At the listener that passes TLS through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<EndpointUrl>,
}
