//! TLSRoutes and TCPRoutes, whose rules are alike.

use kube::core::{NamespaceResourceScope, ObjectMeta};
use serde::Deserialize;

use super::Fields;
use super::http_route::BackendRef;
use super::route::{ParentRef, RouteStatus};

object!(TlsRoute, "TLSRoute", "tlsroutes", "v1", NamespaceResourceScope, StreamRouteSpec, RouteStatus);
object!(TcpRoute, "TCPRoute", "tcproutes", "v1", NamespaceResourceScope, StreamRouteSpec, RouteStatus);

/// `hostnames` is empty in a TCPRoute.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::gateway) struct StreamRouteSpec {
    pub(in crate::gateway) parent_refs: Vec<ParentRef>,
    pub(in crate::gateway) hostnames: Vec<String>,
    pub(in crate::gateway) rules: Vec<StreamRule>,
    #[serde(flatten)]
    pub(in crate::gateway) unknown: Fields,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::gateway) struct StreamRule {
    pub(in crate::gateway) name: Option<String>,
    pub(in crate::gateway) backend_refs: Vec<BackendRef>,
    #[serde(flatten)]
    pub(in crate::gateway) unknown: Fields,
}
