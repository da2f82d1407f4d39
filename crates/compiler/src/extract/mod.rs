//! Routes from endpoints' interface definitions, for `workload.toEndpointResources(name)`.
//!
//! A definition that cannot be read gives no routes and no error.

mod openapi;
mod proto;

use std::collections::BTreeMap;

use crate::input::WorkloadEndpoint;

/// One thing that an endpoint serves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Route {
    /// `HTTP` or `gRPC`.
    pub(crate) kind: &'static str,
    /// The full name of the gRPC service; empty for HTTP.
    pub(crate) service: String,
    /// The path; empty for gRPC.
    pub(crate) path: String,
    /// The method.
    pub(crate) method: String,
}

enum Format {
    OpenApi,
    Proto,
    /// Known, but nothing is read from it.
    Opaque,
}

/// The routes of all endpoints that have any, each list sorted by kind, service, path and method.
pub(crate) fn routes(endpoints: &BTreeMap<String, WorkloadEndpoint>) -> BTreeMap<String, Vec<Route>> {
    endpoints
        .iter()
        .map(|(name, endpoint)| (name.clone(), of(endpoint)))
        .filter(|(_, routes)| !routes.is_empty())
        .collect()
}

fn of(endpoint: &WorkloadEndpoint) -> Vec<Route> {
    let Some(schema) = endpoint.schema.as_ref().filter(|schema| !schema.content.is_empty()) else { return Vec::new() };
    let mut routes = match format(&schema.kind, &endpoint.kind) {
        Format::OpenApi => openapi::routes(&schema.content),
        Format::Proto => proto::routes(&schema.content),
        Format::Opaque => None,
    }
    .unwrap_or_default();
    routes.sort();
    routes
}

/// The definition's own type goes before what the endpoint's type suggests.
fn format(schema: &str, endpoint: &str) -> Format {
    match schema.trim().to_lowercase().as_str() {
        "openapi" | "openapiv3" | "oas" | "oas3" | "swagger" => Format::OpenApi,
        "proto" | "protobuf" | "grpc" => Format::Proto,
        "" => match endpoint {
            "HTTP" => Format::OpenApi,
            "gRPC" => Format::Proto,
            _ => Format::Opaque,
        },
        _ => Format::Opaque,
    }
}
