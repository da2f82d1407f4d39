//! What all kinds of routes have in common.

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Resource;
use kube::core::{ApiResource, ObjectMeta};
use serde::{Deserialize, Serialize};

use super::{Fields, GrpcRoute, GrpcRule, HttpRoute, Rule, StreamRule, TcpRoute, TlsRoute};
use crate::network::ObjectKey;

/// The kinds of routes that are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::gateway) enum Kind {
    Http,
    Grpc,
    Tls,
    Tcp,
}

impl Kind {
    pub(in crate::gateway) fn as_str(self) -> &'static str {
        match self {
            Self::Http => "HTTPRoute",
            Self::Grpc => "GRPCRoute",
            Self::Tls => "TLSRoute",
            Self::Tcp => "TCPRoute",
        }
    }

    /// How the API server is asked for objects of this kind.
    pub(in crate::gateway) fn resource(self) -> ApiResource {
        match self {
            Self::Http => ApiResource::erase::<HttpRoute>(&()),
            Self::Grpc => ApiResource::erase::<GrpcRoute>(&()),
            Self::Tls => ApiResource::erase::<TlsRoute>(&()),
            Self::Tcp => ApiResource::erase::<TcpRoute>(&()),
        }
    }
}

/// Kind, namespace and name of a route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::gateway) struct RouteKey {
    pub(in crate::gateway) kind: Kind,
    pub(in crate::gateway) key: ObjectKey,
}

impl fmt::Display for RouteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.key)
    }
}

/// A route of any kind.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::gateway) struct Route {
    pub(in crate::gateway) kind: Kind,
    pub(in crate::gateway) metadata: ObjectMeta,
    pub(in crate::gateway) parents: Vec<ParentRef>,
    pub(in crate::gateway) hostnames: Vec<String>,
    pub(in crate::gateway) spec: Spec,
    /// Fields of `spec` that are not known.
    pub(in crate::gateway) unknown: Fields,
    pub(in crate::gateway) status: RouteStatus,
}

/// What a route asks for, by kind.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::gateway) enum Spec {
    Http(Vec<Rule>),
    Grpc(Vec<GrpcRule>),
    /// TLSRoutes and TCPRoutes.
    Stream(Vec<StreamRule>),
}

impl Route {
    pub(in crate::gateway) fn key(&self) -> RouteKey {
        let meta = &self.metadata;
        let (namespace, name) = (meta.namespace.clone().unwrap_or_default(), meta.name.clone().unwrap_or_default());
        RouteKey { kind: self.kind, key: ObjectKey::new(namespace, name) }
    }

    /// When it was made, in seconds since 1970.
    pub(in crate::gateway) fn created(&self) -> i64 {
        self.metadata.creation_timestamp.as_ref().map_or(0, |time| time.0.as_second())
    }

    /// Whether it asks for the same as `other`.
    pub(in crate::gateway) fn asks_as(&self, other: &Self) -> bool {
        self.spec == other.spec
            && self.parents == other.parents
            && self.hostnames == other.hostnames
            && self.unknown == other.unknown
            && self.metadata.uid == other.metadata.uid
            && self.metadata.generation == other.metadata.generation
    }
}

/// The metadata that somebody here looks at.
fn lean(object: &impl Resource) -> ObjectMeta {
    ObjectMeta { managed_fields: None, annotations: None, ..object.meta().clone() }
}

impl From<HttpRoute> for Route {
    fn from(route: HttpRoute) -> Self {
        Self {
            kind: Kind::Http,
            metadata: lean(&route),
            parents: route.spec.parent_refs,
            hostnames: route.spec.hostnames,
            spec: Spec::Http(route.spec.rules),
            unknown: route.spec.unknown,
            status: route.status,
        }
    }
}

impl From<GrpcRoute> for Route {
    fn from(route: GrpcRoute) -> Self {
        Self {
            kind: Kind::Grpc,
            metadata: lean(&route),
            parents: route.spec.parent_refs,
            hostnames: route.spec.hostnames,
            spec: Spec::Grpc(route.spec.rules),
            unknown: route.spec.unknown,
            status: route.status,
        }
    }
}

impl From<TlsRoute> for Route {
    fn from(route: TlsRoute) -> Self {
        Self {
            kind: Kind::Tls,
            metadata: lean(&route),
            parents: route.spec.parent_refs,
            hostnames: route.spec.hostnames,
            spec: Spec::Stream(route.spec.rules),
            unknown: route.spec.unknown,
            status: route.status,
        }
    }
}

impl From<TcpRoute> for Route {
    fn from(route: TcpRoute) -> Self {
        Self {
            kind: Kind::Tcp,
            metadata: lean(&route),
            parents: route.spec.parent_refs,
            hostnames: Vec::new(),
            spec: Spec::Stream(route.spec.rules),
            unknown: route.spec.unknown,
            status: route.status,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gateway) struct ParentRef {
    #[serde(default = "super::gateway_group")]
    pub(in crate::gateway) group: String,
    #[serde(default = "gateway_kind")]
    pub(in crate::gateway) kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::gateway) namespace: Option<String>,
    pub(in crate::gateway) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::gateway) section_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::gateway) port: Option<u16>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::gateway) struct RouteStatus {
    pub(in crate::gateway) parents: Vec<ParentStatus>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gateway) struct ParentStatus {
    pub(in crate::gateway) parent_ref: ParentRef,
    pub(in crate::gateway) controller_name: String,
    #[serde(default)]
    pub(in crate::gateway) conditions: Vec<Condition>,
}

fn gateway_kind() -> String {
    "Gateway".into()
}
