//! A project: what components and resources belong to, and what is promoted along one pipeline.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::FreeForm;
use crate::kind::kind;
use crate::references::{DeploymentPipelineRef, ProjectTypeRef};
use crate::schema::{self, rules};
use crate::zero;

kind! {
    /// Groups components and resources that belong together.
    Project("projects", Namespaced) { spec: ProjectSpec, status: ProjectStatus }
}

/// What a developer says about a project.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectSpec {
    /// The pipeline that its releases are promoted along.
    pub deployment_pipeline_ref: DeploymentPipelineRef,
    /// The project type, from which the project's runtime namespaces are made.
    #[serde(rename = "type")]
    #[schemars(transform = rules::immutable("spec.type"))]
    pub type_: ProjectTypeRef,
    /// Values for the type's parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<FreeForm>,
}

/// What was observed of a project.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectStatus {
    /// The generation that the status speaks of.
    #[serde(default, skip_serializing_if = "zero::is_zero")]
    pub observed_generation: i64,
    /// `Ready`, `Created`, `Finalizing`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
    /// The release that was cut last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_release: Option<LatestRelease>,
}

/// The newest release of a project or a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LatestRelease {
    /// Name of the release.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Hash of its content.
    #[schemars(length(min = 1))]
    pub hash: String,
}
