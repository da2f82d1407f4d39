//! The parts that types and traits are written with: schema sections, templates, rules, patches.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{CEL, IDENTIFIER, rules};
use crate::wire_enum::wire_enum;
use crate::{FreeForm, FreeObject, zero};

wire_enum! {
    /// The plane that a manifest goes to.
    pub enum TargetPlane { #[default] DataPlane = "dataplane", ObservabilityPlane = "observabilityplane" }
}
wire_enum! {
    /// What a patch operation does.
    pub enum PatchOp { #[default] Add = "add", Replace = "replace", Remove = "remove" }
}

/// Shape and defaults of values that somebody else sets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SchemaSection {
    /// A structural schema in the form of CRDs; `$ref` to `#/$defs/…` is inlined.
    #[serde(rename = "openAPIV3Schema", default, skip_serializing_if = "Option::is_none")]
    pub open_api_v3_schema: Option<FreeObject>,
}

/// A rule about the values that a template is rendered with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ValidationRule {
    /// The rule: one `${…}` expression that is true when all is well.
    #[schemars(regex(pattern = CEL))]
    pub rule: String,
    /// What is told when it is not.
    #[schemars(length(min = 1))]
    pub message: String,
}

/// A manifest with expressions in it, rendered once, or once per item of a list or map.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::loop_has_variable)]
pub struct ResourceTemplate {
    /// Name of the entry inside its type.
    #[schemars(length(min = 1))]
    pub id: String,
    /// The plane that the manifest goes to.
    #[serde(default)]
    pub target_plane: TargetPlane,
    /// Condition of the whole entry; the loop variable is not in scope.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = CEL))]
    pub include_when: String,
    /// A list or a map to render the template for each item of; of a map, the variable has `.key` and `.value`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = CEL))]
    pub for_each: String,
    /// Name of the loop variable.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = IDENTIFIER))]
    pub var: String,
    /// The manifest.
    pub template: FreeObject,
}

/// Which rendered manifests a patch or removal is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PatchTarget {
    /// API group; empty for the core group.
    pub group: String,
    /// API version.
    #[schemars(length(min = 1))]
    pub version: String,
    /// Kind.
    #[schemars(length(min = 1))]
    pub kind: String,
    /// Condition on the manifest, bound to `resource`.
    #[serde(rename = "where", default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = CEL))]
    pub where_: String,
}

/// Which rendered manifests a check is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PostRenderTarget {
    /// API group; empty for the core group.
    pub group: String,
    /// API version.
    #[schemars(length(min = 1))]
    pub version: String,
    /// Kind.
    #[schemars(length(min = 1))]
    pub kind: String,
    /// Condition on the manifest, bound to `resource`.
    #[serde(rename = "where", default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = CEL))]
    pub where_: String,
    /// Whether it is an error when no manifest is selected.
    #[serde(default = "zero::on")]
    pub must_match: bool,
}

impl Default for PostRenderTarget {
    fn default() -> Self {
        let PatchTarget { group, version, kind, where_ } = PatchTarget::default();
        Self { group, version, kind, where_, must_match: true }
    }
}

/// A rule about rendered manifests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::loop_has_variable)]
pub struct PostRenderValidation {
    /// Condition of the check, evaluated once; the loop variable is not in scope.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = CEL))]
    pub when: String,
    /// A list or a map to check for each item of.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = CEL))]
    pub for_each: String,
    /// Name of the loop variable.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = IDENTIFIER))]
    pub var: String,
    /// The manifests that are checked.
    pub target: PostRenderTarget,
    /// The plane whose manifests are meant.
    #[serde(default)]
    pub target_plane: TargetPlane,
    /// The rule, true when all is well; the manifest is bound to `resource`.
    #[schemars(regex(pattern = CEL))]
    pub rule: String,
    /// What is told when it is not.
    #[schemars(length(min = 1))]
    pub message: String,
}

/// A manifest that a trait adds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::loop_has_variable)]
pub struct TraitCreate {
    /// The plane that the manifest goes to.
    #[serde(default)]
    pub target_plane: TargetPlane,
    /// Condition of the whole entry; the loop variable is not in scope.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = CEL))]
    pub include_when: String,
    /// A list or a map to render the template for each item of.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = CEL))]
    pub for_each: String,
    /// Name of the loop variable.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = IDENTIFIER))]
    pub var: String,
    /// The manifest.
    pub template: FreeObject,
}

/// One operation of a patch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JsonPatchOperation {
    /// What is done at the path.
    pub op: PatchOp,
    /// A JSON pointer; a segment may be a filter on a list, as `[?(@.name=='main')]`, or `-` for its end.
    pub path: String,
    /// The value to put there, with expressions in it; needed for `add` and `replace`, forbidden for `remove`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub value: Option<FreeForm>,
}

/// Keeps an explicit `null` apart from absence: putting `null` somewhere is an operation.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<FreeForm>, D::Error> {
    FreeForm::deserialize(deserializer).map(Some)
}

/// Changes that a trait makes to manifests that are there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::loop_has_variable)]
pub struct TraitPatch {
    /// A list or a map to patch for each item of.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = CEL))]
    pub for_each: String,
    /// Name of the loop variable.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = IDENTIFIER))]
    pub var: String,
    /// The manifests that are changed.
    pub target: PatchTarget,
    /// The plane whose manifests are meant.
    #[serde(default)]
    pub target_plane: TargetPlane,
    /// The operations, in order.
    #[schemars(length(min = 1))]
    pub operations: Vec<JsonPatchOperation>,
}

/// Manifests that a trait takes away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::loop_has_variable)]
pub struct TraitRemove {
    /// A list or a map to remove for each item of.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = CEL))]
    pub for_each: String,
    /// Name of the loop variable.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = IDENTIFIER))]
    pub var: String,
    /// The manifests that are removed.
    pub target: PatchTarget,
    /// The plane whose manifests are meant.
    #[serde(default)]
    pub target_plane: TargetPlane,
}
