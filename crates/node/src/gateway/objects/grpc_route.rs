//! GRPCRoutes.

use kube::core::{NamespaceResourceScope, ObjectMeta};
use serde::Deserialize;

use super::Fields;
use super::http_route::{BackendRef, Filter, ValueMatch};
use super::route::{ParentRef, RouteStatus};

object!(GrpcRoute, "GRPCRoute", "grpcroutes", "v1", NamespaceResourceScope, GrpcRouteSpec, RouteStatus);

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::gateway) struct GrpcRouteSpec {
    pub(in crate::gateway) parent_refs: Vec<ParentRef>,
    pub(in crate::gateway) hostnames: Vec<String>,
    pub(in crate::gateway) rules: Vec<GrpcRule>,
    #[serde(flatten)]
    pub(in crate::gateway) unknown: Fields,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::gateway) struct GrpcRule {
    pub(in crate::gateway) name: Option<String>,
    pub(in crate::gateway) matches: Vec<GrpcMatch>,
    pub(in crate::gateway) filters: Vec<Filter>,
    pub(in crate::gateway) backend_refs: Vec<BackendRef>,
    #[serde(flatten)]
    pub(in crate::gateway) unknown: Fields,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(in crate::gateway) struct GrpcMatch {
    pub(in crate::gateway) method: Option<MethodMatch>,
    pub(in crate::gateway) headers: Vec<ValueMatch>,
    #[serde(flatten)]
    pub(in crate::gateway) unknown: Fields,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(in crate::gateway) struct MethodMatch {
    #[serde(rename = "type")]
    pub(in crate::gateway) kind: Option<String>,
    pub(in crate::gateway) service: Option<String>,
    pub(in crate::gateway) method: Option<String>,
}
