//! The specs of types, traits and workflows as the compiler reads them: the wire's JSON, nothing refused that v1.2 reads.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TypeSpec {
    pub(crate) workload_type: String,
    pub(crate) parameters: Option<SchemaSection>,
    pub(crate) environment_configs: Option<SchemaSection>,
    #[serde(deserialize_with = "list")]
    pub(crate) traits: Vec<EmbeddedTrait>,
    #[serde(deserialize_with = "list")]
    pub(crate) validations: Vec<Rule>,
    #[serde(deserialize_with = "list")]
    pub(crate) pre_render_validations: Vec<Rule>,
    #[serde(deserialize_with = "list")]
    pub(crate) post_render_validations: Vec<PostRule>,
    pub(crate) resources: Option<Vec<ResourceTemplate>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TraitSpec {
    pub(crate) parameters: Option<SchemaSection>,
    pub(crate) environment_configs: Option<SchemaSection>,
    #[serde(deserialize_with = "list")]
    pub(crate) validations: Vec<Rule>,
    #[serde(deserialize_with = "list")]
    pub(crate) pre_render_validations: Vec<Rule>,
    #[serde(deserialize_with = "list")]
    pub(crate) post_render_validations: Vec<PostRule>,
    #[serde(deserialize_with = "list")]
    pub(crate) creates: Vec<Create>,
    #[serde(deserialize_with = "list")]
    pub(crate) patches: Vec<Patch>,
    #[serde(deserialize_with = "list")]
    pub(crate) removes: Vec<Remove>,
}

/// Project and resource types.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SharedTypeSpec {
    pub(crate) parameters: Option<SchemaSection>,
    pub(crate) environment_configs: Option<SchemaSection>,
    #[serde(deserialize_with = "list")]
    pub(crate) validations: Vec<Rule>,
    #[serde(deserialize_with = "list")]
    pub(crate) resources: Vec<ResourceTemplate>,
    #[serde(deserialize_with = "list")]
    pub(crate) outputs: Vec<Output>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct WorkflowSpec {
    pub(crate) parameters: Option<SchemaSection>,
    #[serde(deserialize_with = "present")]
    pub(crate) run_template: Option<Value>,
    #[serde(deserialize_with = "list")]
    pub(crate) resources: Vec<ResourceTemplate>,
    #[serde(deserialize_with = "list")]
    pub(crate) external_refs: Vec<ExternalRef>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SchemaSection {
    #[serde(rename = "openAPIV3Schema")]
    pub(crate) schema: Option<Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EmbeddedTrait {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) instance_name: String,
    pub(crate) parameters: Option<Value>,
    pub(crate) environment_configs: Option<Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Rule {
    pub(crate) rule: String,
    pub(crate) message: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PostRule {
    pub(crate) when: String,
    pub(crate) for_each: String,
    pub(crate) var: String,
    pub(crate) target: Target,
    pub(crate) target_plane: String,
    pub(crate) rule: String,
    pub(crate) message: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Target {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    #[serde(rename = "where")]
    pub(crate) condition: String,
    pub(crate) must_match: Option<bool>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ResourceTemplate {
    pub(crate) id: String,
    pub(crate) target_plane: String,
    pub(crate) include_when: String,
    pub(crate) for_each: String,
    pub(crate) var: String,
    #[serde(deserialize_with = "present")]
    pub(crate) template: Option<Value>,
    pub(crate) ready_when: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Create {
    pub(crate) target_plane: String,
    pub(crate) include_when: String,
    pub(crate) for_each: String,
    pub(crate) var: String,
    #[serde(deserialize_with = "present")]
    pub(crate) template: Option<Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Patch {
    pub(crate) for_each: String,
    pub(crate) var: String,
    pub(crate) target: Target,
    pub(crate) target_plane: String,
    #[serde(deserialize_with = "list")]
    pub(crate) operations: Vec<Operation>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Operation {
    pub(crate) op: String,
    pub(crate) path: String,
    #[serde(deserialize_with = "present")]
    pub(crate) value: Option<Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Remove {
    pub(crate) for_each: String,
    pub(crate) var: String,
    pub(crate) target: Target,
    pub(crate) target_plane: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Output {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) secret_key_ref: Option<OutputKey>,
    pub(crate) config_map_key_ref: Option<OutputKey>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct OutputKey {
    pub(crate) name: String,
    pub(crate) key: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ExternalRef {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) name: String,
}

fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Keeps `null` apart from absence.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
