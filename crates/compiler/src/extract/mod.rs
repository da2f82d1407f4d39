//! Routes from endpoints' interface definitions, for `workload.toEndpointResources(name)`.
//!
//! A definition that cannot be read gives no routes and no error (contract of v1.2); checks warn of it.

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

/// The endpoints whose schemas cannot be read, and why. They have no routes, which is no error (contract of v1.2).
pub(crate) fn unreadable(endpoints: &BTreeMap<String, WorkloadEndpoint>) -> impl Iterator<Item = (&str, String)> {
    endpoints.iter().filter_map(|(name, endpoint)| Some((name.as_str(), read(endpoint).err()?)))
}

fn of(endpoint: &WorkloadEndpoint) -> Vec<Route> {
    let mut routes = read(endpoint).unwrap_or_default();
    routes.sort();
    routes
}

fn read(endpoint: &WorkloadEndpoint) -> Result<Vec<Route>, String> {
    let Some(schema) = endpoint.schema.as_ref().filter(|schema| !schema.content.is_empty()) else {
        return Ok(Vec::new());
    };
    match format(&schema.kind, &endpoint.kind) {
        Format::OpenApi => openapi::routes(&schema.content),
        Format::Proto => proto::routes(&schema.content).ok_or_else(|| {
            "the file does not parse, imports another file, or names a message that is not in it".to_owned()
        }),
        Format::Opaque => Ok(Vec::new()),
    }
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
