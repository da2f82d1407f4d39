//! HTTPRoutes.

use kube::core::{NamespaceResourceScope, ObjectMeta};
use serde::Deserialize;

use super::Fields;
use super::route::{ParentRef, RouteStatus};

object!(HttpRoute, "HTTPRoute", "httproutes", "v1", NamespaceResourceScope, RouteSpec, RouteStatus);

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gateway) struct RouteSpec {
    #[serde(default)]
    pub(in crate::gateway) parent_refs: Vec<ParentRef>,
    #[serde(default)]
    pub(in crate::gateway) hostnames: Vec<String>,
    #[serde(default = "one_rule")]
    pub(in crate::gateway) rules: Vec<Rule>,
    #[serde(flatten)]
    pub(in crate::gateway) unknown: Fields,
}

impl Default for RouteSpec {
    fn default() -> Self {
        Self { parent_refs: Vec::new(), hostnames: Vec::new(), rules: one_rule(), unknown: Fields::new() }
    }
}

fn one_rule() -> Vec<Rule> {
    vec![Rule::default()]
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::gateway) struct Rule {
    pub(in crate::gateway) name: Option<String>,
    pub(in crate::gateway) matches: Vec<Match>,
    pub(in crate::gateway) filters: Vec<Filter>,
    pub(in crate::gateway) backend_refs: Vec<BackendRef>,
    pub(in crate::gateway) timeouts: Timeouts,
    pub(in crate::gateway) retry: Option<Retry>,
    #[serde(flatten)]
    pub(in crate::gateway) unknown: Fields,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::gateway) struct Timeouts {
    pub(in crate::gateway) request: Option<String>,
    pub(in crate::gateway) backend_request: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(in crate::gateway) struct Retry {
    pub(in crate::gateway) codes: Vec<u16>,
    pub(in crate::gateway) attempts: Option<u32>,
    pub(in crate::gateway) backoff: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::gateway) struct Match {
    pub(in crate::gateway) path: Option<PathMatch>,
    pub(in crate::gateway) headers: Vec<ValueMatch>,
    pub(in crate::gateway) query_params: Vec<ValueMatch>,
    pub(in crate::gateway) method: Option<String>,
    #[serde(flatten)]
    pub(in crate::gateway) unknown: Fields,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(in crate::gateway) struct PathMatch {
    #[serde(rename = "type")]
    pub(in crate::gateway) kind: Option<String>,
    pub(in crate::gateway) value: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::gateway) struct ValueMatch {
    #[serde(rename = "type", default)]
    pub(in crate::gateway) kind: Option<String>,
    pub(in crate::gateway) name: String,
    pub(in crate::gateway) value: String,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::gateway) struct Filter {
    #[serde(rename = "type")]
    pub(in crate::gateway) kind: String,
    pub(in crate::gateway) request_header_modifier: Option<HeaderModifier>,
    pub(in crate::gateway) response_header_modifier: Option<HeaderModifier>,
    pub(in crate::gateway) request_redirect: Option<RequestRedirect>,
    pub(in crate::gateway) url_rewrite: Option<UrlRewrite>,
    pub(in crate::gateway) request_mirror: Option<RequestMirror>,
    pub(in crate::gateway) cors: Option<CorsFilter>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(in crate::gateway) struct HeaderModifier {
    pub(in crate::gateway) set: Vec<HeaderValueOf>,
    pub(in crate::gateway) add: Vec<HeaderValueOf>,
    pub(in crate::gateway) remove: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::gateway) struct HeaderValueOf {
    pub(in crate::gateway) name: String,
    pub(in crate::gateway) value: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::gateway) struct RequestRedirect {
    pub(in crate::gateway) scheme: Option<String>,
    pub(in crate::gateway) hostname: Option<String>,
    pub(in crate::gateway) path: Option<PathModifier>,
    pub(in crate::gateway) port: Option<u16>,
    pub(in crate::gateway) status_code: Option<u16>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(in crate::gateway) struct UrlRewrite {
    pub(in crate::gateway) hostname: Option<String>,
    pub(in crate::gateway) path: Option<PathModifier>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::gateway) struct PathModifier {
    #[serde(rename = "type")]
    pub(in crate::gateway) kind: String,
    pub(in crate::gateway) replace_full_path: Option<String>,
    pub(in crate::gateway) replace_prefix_match: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::gateway) struct CorsFilter {
    pub(in crate::gateway) allow_origins: Vec<String>,
    pub(in crate::gateway) allow_methods: Vec<String>,
    pub(in crate::gateway) allow_headers: Vec<String>,
    pub(in crate::gateway) expose_headers: Vec<String>,
    pub(in crate::gateway) allow_credentials: Option<bool>,
    pub(in crate::gateway) max_age: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(in crate::gateway) struct BackendRef {
    #[serde(default)]
    pub(in crate::gateway) group: String,
    #[serde(default = "service_kind")]
    pub(in crate::gateway) kind: String,
    pub(in crate::gateway) name: String,
    #[serde(default)]
    pub(in crate::gateway) namespace: Option<String>,
    #[serde(default)]
    pub(in crate::gateway) port: Option<u16>,
    #[serde(default = "one")]
    pub(in crate::gateway) weight: u32,
    #[serde(default)]
    pub(in crate::gateway) filters: Vec<Filter>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gateway) struct RequestMirror {
    pub(in crate::gateway) backend_ref: BackendRef,
    #[serde(default)]
    pub(in crate::gateway) percent: Option<u32>,
    #[serde(default)]
    pub(in crate::gateway) fraction: Option<Fraction>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::gateway) struct Fraction {
    pub(in crate::gateway) numerator: u32,
    #[serde(default = "hundred")]
    pub(in crate::gateway) denominator: u32,
}

fn service_kind() -> String {
    "Service".into()
}

fn one() -> u32 {
    1
}

fn hundred() -> u32 {
    100
}
