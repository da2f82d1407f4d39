//! Project releases and their bindings: a project type with parameters, frozen, and its place in an environment.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::component::ProjectOwner;
use crate::kind::kind;
use crate::project_type::ProjectTypeSpec;
use crate::references::ProjectTypeKind;
use crate::schema::{self, rules};
use crate::{FreeForm, zero};

kind! {
    /// A project's type and parameters at one moment. Never changes.
    ProjectRelease("projectreleases", Namespaced) { spec: ProjectReleaseSpec, status: empty }
}

kind! {
    /// Keeps a project in an environment: its runtime namespace and what else its type has.
    ProjectReleaseBinding("projectreleasebindings", Namespaced) {
        spec: ProjectReleaseBindingSpec,
        status: ProjectReleaseBindingStatus,
    }
}

/// The frozen project.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::immutable("ProjectRelease spec"))]
pub struct ProjectReleaseSpec {
    /// The project.
    pub owner: ProjectOwner,
    /// The project's type, as it was.
    pub project_type: ProjectReleaseType,
    /// Values for the type's parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<FreeForm>,
}

/// A project type, frozen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProjectReleaseType {
    /// Namespaced or cluster-scoped.
    pub kind: ProjectTypeKind,
    /// Name of the type.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The type's spec.
    pub spec: ProjectTypeSpec,
}

/// Which release, with which settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectReleaseBindingSpec {
    /// The project.
    #[schemars(transform = rules::immutable("spec.owner"))]
    pub owner: ProjectOwner,
    /// The environment.
    #[schemars(length(min = 1), transform = rules::immutable("spec.environment"))]
    pub environment: String,
    /// The project release; if empty, it is set once to the project's latest.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub project_release: String,
    /// Values for the type's environment configs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_configs: Option<FreeForm>,
}

/// What was observed of a project in an environment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectReleaseBindingStatus {
    /// The generation that the status speaks of.
    #[serde(default, skip_serializing_if = "zero::is_zero")]
    pub observed_generation: i64,
    /// `Ready`, `Synced`, `NamespaceReady`, `ResourcesReady`, `Finalizing`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions_by_type")]
    pub conditions: Vec<Condition>,
    /// The runtime namespace on the plane.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
}
