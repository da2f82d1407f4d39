//! References to Services: are they there, are they allowed, which protocol do they speak.

use std::sync::Arc;

use super::{BadReference, Compiler};
use crate::gateway::objects::{BackendRef, GROUP, GrantSpec, Kind};
use crate::gateway::rules::{Backend, Speaks, Target};
use crate::network::ObjectKey;
use crate::network::services::{Pool, Protocol};

/// The values of `appProtocol` that mean HTTP/2 without TLS.
const H2C: [&str; 3] = ["kubernetes.io/h2c", "h2c", "grpc"];
/// Those of Kubernetes itself that mean HTTP/1.1 without TLS, WebSocket included.
const PLAIN: [&str; 1] = ["kubernetes.io/ws"];
/// Those that mean TLS, for which the gateway has no way to know whom to trust.
const SECURE: [&str; 4] = ["https", "kubernetes.io/wss", "wss", "grpcs"];

/// What is behind the port of a Service.
#[derive(Debug)]
pub(in crate::gateway) struct ServicePort {
    pub(in crate::gateway) pool: Arc<Pool>,
    pub(in crate::gateway) protocol: Protocol,
    pub(in crate::gateway) app_protocol: Option<String>,
}

/// What is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Absent {
    Service,
    Port,
}

/// Who refers to something: a kind of Gateway API, in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) struct Referrer<'a> {
    pub(in crate::gateway) kind: &'a str,
    pub(in crate::gateway) namespace: &'a str,
}

/// What references of a route are looked up in.
pub(in crate::gateway) trait References {
    /// The port of a Service.
    fn service_port(&self, service: &ObjectKey, port: u16) -> Result<ServicePort, Absent>;
    /// Whether a ReferenceGrant lets `from` refer to that Service.
    fn granted(&self, from: Referrer<'_>, service: &ObjectKey) -> bool;
}

impl<R: References> Compiler<'_, R> {
    pub(super) fn backend(&mut self, at: &str, backend: &BackendRef) -> Backend {
        let filters = self.filters(at, &backend.filters, false);
        let target = self.target(at, backend).unwrap_or_else(|bad| {
            let words = bad.message.clone();
            self.out.bad_references.push(bad);
            Target::Nowhere(words)
        });
        Backend { target, request_headers: filters.request_headers, response_headers: filters.response_headers }
    }

    pub(super) fn target(&mut self, at: &str, backend: &BackendRef) -> Result<Target, BadReference> {
        let bad = |reason, message: String| Err(BadReference { reason, message: format!("{at}: {message}") });
        if !backend.group.is_empty() || backend.kind != "Service" {
            let group = if backend.group.is_empty() { "core" } else { backend.group.as_str() };
            return bad(
                "InvalidKind",
                format!("kind {} of group {group} is not supported, only Services are", backend.kind),
            );
        }
        let namespace = backend.namespace.as_deref().filter(|namespace| !namespace.is_empty());
        let from = Referrer { kind: self.key.kind.as_str(), namespace: &self.key.key.namespace };
        let service = ObjectKey::new(namespace.unwrap_or(from.namespace), backend.name.as_str());
        self.out.services.push(service.clone());
        if service.namespace != self.key.key.namespace && !self.references.granted(from, &service) {
            return bad(
                "RefNotPermitted",
                format!(
                    "no ReferenceGrant in namespace {} lets {}s of namespace {} refer to Service {}",
                    service.namespace, from.kind, from.namespace, service.name
                ),
            );
        }
        let Some(number) = backend.port else {
            return bad("InvalidKind", format!("a reference to Service {service} needs a port"));
        };
        let port = match self.references.service_port(&service, number) {
            Err(Absent::Service) => return bad("BackendNotFound", format!("Service {service} does not exist")),
            Err(Absent::Port) => return bad("BackendNotFound", format!("Service {service} has no port {number}")),
            Ok(port) => port,
        };
        let app = port.app_protocol.as_deref();
        if port.protocol != Protocol::Tcp {
            let words = format!("port {number} of Service {service} speaks {}, not TCP", port.protocol.as_str());
            return bad("UnsupportedProtocol", words);
        }
        let speaks = match (self.key.kind, app) {
            (Kind::Tls | Kind::Tcp, _) | (Kind::Http, None) => Speaks::Http1,
            (_, Some(app)) if H2C.contains(&app) => Speaks::Http2,
            // A call of gRPC is HTTP/2 whatever the port says.
            (Kind::Grpc, None) => Speaks::Http2,
            (kind, Some(app)) => {
                let unknown = app.starts_with("kubernetes.io/") && !PLAIN.contains(&app);
                if unknown || SECURE.contains(&app) {
                    let words =
                        format!("port {number} of Service {service} has appProtocol {app}, which is not supported");
                    return bad("UnsupportedProtocol", words);
                }
                if kind == Kind::Grpc { Speaks::Http2 } else { Speaks::Http1 }
            }
        };
        Ok(Target::Pods { service, port: number, pool: port.pool, speaks })
    }
}

/// Whether a grant lets `from` refer to the core object of that kind and name.
pub(in crate::gateway) fn grants(grant: &GrantSpec, from: Referrer<'_>, kind: &str, name: &str) -> bool {
    let is_from =
        grant.from.iter().any(|one| one.group == GROUP && one.kind == from.kind && one.namespace == from.namespace);
    let is_to = grant.to.iter().any(|to| {
        to.group.is_empty()
            && to.kind == kind
            && to.name.as_deref().is_none_or(|given| given.is_empty() || given == name)
    });
    is_from && is_to
}
