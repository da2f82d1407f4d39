//! The objects of Gateway API v1 that are served, as far as they are acted on. Fields that are not known are kept, so that
//! they can be refused by path.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use kube::core::{ClusterResourceScope, NamespaceResourceScope, ObjectMeta};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) use grpc_route::{GrpcMatch, GrpcRoute, GrpcRule, MethodMatch};
pub(super) use http_route::{
    BackendRef, Filter, HeaderModifier, HttpRoute, Match, PathModifier, Retry, Rule, ValueMatch,
};
pub(super) use route::{Kind, ParentRef, ParentStatus, Route, RouteKey, RouteStatus, Spec};
pub(super) use stream_routes::{StreamRule, TcpRoute, TlsRoute};

/// The API group.
pub(super) const GROUP: &str = "gateway.networking.k8s.io";

/// Fields by their names.
type Fields = BTreeMap<String, Value>;

macro_rules! object {
    ($name:ident, $kind:literal, $plural:literal, $version:literal, $scope:ty, $spec:ty, $status:ty) => {
        #[doc = concat!("A ", $kind, ".")]
        #[derive(Debug, Clone, PartialEq, Deserialize)]
        pub(in crate::gateway) struct $name {
            #[serde(default)]
            pub(in crate::gateway) metadata: ObjectMeta,
            #[serde(default)]
            pub(in crate::gateway) spec: $spec,
            #[serde(default)]
            pub(in crate::gateway) status: $status,
        }

        crate::resource::resource!($name, crate::gateway::objects::GROUP, $version, $kind, $plural, $scope);
    };
}

mod grpc_route;
mod http_route;
mod route;
mod stream_routes;

object!(GatewayClass, "GatewayClass", "gatewayclasses", "v1", ClusterResourceScope, ClassSpec, ClassStatus);
object!(Gateway, "Gateway", "gateways", "v1", NamespaceResourceScope, GatewaySpec, GatewayStatus);
object!(ReferenceGrant, "ReferenceGrant", "referencegrants", "v1beta1", NamespaceResourceScope, GrantSpec, Fields);

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ClassSpec {
    pub(super) controller_name: String,
    pub(super) parameters_ref: Option<Value>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ClassStatus {
    pub(super) conditions: Vec<Condition>,
    pub(super) supported_features: Vec<Feature>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Feature {
    pub(super) name: String,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct GatewaySpec {
    pub(super) gateway_class_name: String,
    pub(super) listeners: Vec<Listener>,
    pub(super) addresses: Vec<Value>,
    pub(super) infrastructure: Option<Value>,
    pub(super) tls: Option<Value>,
    pub(super) allowed_listeners: Option<Value>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Listener {
    pub(super) name: String,
    pub(super) hostname: Option<String>,
    pub(super) port: u16,
    pub(super) protocol: String,
    pub(super) tls: Option<ListenerTls>,
    pub(super) allowed_routes: AllowedRoutes,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ListenerTls {
    pub(super) mode: Option<String>,
    pub(super) certificate_refs: Vec<CertificateRef>,
    pub(super) options: BTreeMap<String, String>,
    #[serde(flatten)]
    pub(super) unknown: Fields,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct CertificateRef {
    #[serde(default)]
    pub(super) group: String,
    #[serde(default = "secret_kind")]
    pub(super) kind: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) namespace: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct AllowedRoutes {
    pub(super) kinds: Vec<RouteKind>,
    pub(super) namespaces: AllowedNamespaces,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct RouteKind {
    #[serde(default = "gateway_group")]
    pub(super) group: String,
    pub(super) kind: String,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct AllowedNamespaces {
    pub(super) from: Option<String>,
    pub(super) selector: Option<LabelSelector>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct GatewayStatus {
    pub(super) addresses: Vec<Address>,
    pub(super) conditions: Vec<Condition>,
    pub(super) listeners: Vec<ListenerStatus>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Address {
    #[serde(rename = "type", default = "ip_address")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) value: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ListenerStatus {
    pub(super) name: String,
    pub(super) attached_routes: i32,
    pub(super) supported_kinds: Vec<RouteKind>,
    pub(super) conditions: Vec<Condition>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct GrantSpec {
    pub(super) from: Vec<GrantFrom>,
    pub(super) to: Vec<GrantTo>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct GrantFrom {
    #[serde(default)]
    pub(super) group: String,
    pub(super) kind: String,
    pub(super) namespace: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct GrantTo {
    #[serde(default)]
    pub(super) group: String,
    pub(super) kind: String,
    pub(super) name: Option<String>,
}

fn gateway_group() -> String {
    GROUP.into()
}

fn secret_kind() -> String {
    "Secret".into()
}

fn ip_address() -> String {
    "IPAddress".into()
}
