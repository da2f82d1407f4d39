//! `external-secrets.io/v1` ExternalSecret, as far as it is acted on. The rest is kept and refused by path.

use std::collections::BTreeMap;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::resource::resource;

/// The group and version.
pub(super) const API_VERSION: &str = "external-secrets.io/v1";

/// An ExternalSecret.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ExternalSecret {
    pub(crate) metadata: ObjectMeta,
    pub(crate) spec: Spec,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<Value>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Spec {
    pub(crate) secret_store_ref: StoreRef,
    pub(crate) target: Target,
    pub(crate) data: Vec<Data>,
    pub(crate) data_from: Vec<DataFrom>,
    pub(crate) sync_windows: Option<Value>,
    pub(crate) refresh_interval: Option<String>,
    pub(crate) refresh_policy: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct StoreRef {
    pub(crate) kind: Option<String>,
    pub(crate) name: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Target {
    pub(crate) name: Option<String>,
    pub(crate) creation_policy: Option<String>,
    pub(crate) deletion_policy: Option<String>,
    pub(crate) immutable: Option<bool>,
    pub(crate) manifest: Option<Value>,
    pub(crate) template: Option<Template>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Template {
    #[serde(rename = "type")]
    pub(crate) type_: Option<String>,
    pub(crate) metadata: TemplateMetadata,
    pub(crate) data: BTreeMap<String, String>,
    #[serde(rename = "mergePolicy")]
    pub(crate) merge_policy: Option<String>,
    #[serde(rename = "engineVersion")]
    pub(crate) engine_version: Option<String>,
    #[serde(rename = "templateFrom")]
    pub(crate) from: Vec<Value>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TemplateMetadata {
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) labels: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Data {
    pub(crate) secret_key: String,
    pub(crate) remote_ref: RemoteRef,
    pub(crate) source_ref: Option<Value>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RemoteRef {
    pub(crate) key: String,
    pub(crate) property: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) decoding_strategy: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DataFrom {
    pub(crate) extract: Option<RemoteRef>,
    pub(crate) find: Option<Value>,
    pub(crate) rewrite: Vec<Value>,
    pub(crate) source_ref: Option<SourceRef>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SourceRef {
    pub(crate) store_ref: Option<Value>,
    pub(crate) generator_ref: Option<GeneratorRef>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GeneratorRef {
    pub(crate) api_version: Option<String>,
    pub(crate) kind: String,
    pub(crate) name: String,
}

resource!(ExternalSecret, "external-secrets.io", "v1", "ExternalSecret", "externalsecrets", NamespaceResourceScope);
