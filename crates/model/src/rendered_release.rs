//! A rendered release: the manifests that are to be on one plane, and what became of them.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::FreeForm;
use crate::kind::kind;
use crate::schema::{self, DURATION, rules};
use crate::template::TargetPlane;

kind! {
    /// The manifests of one binding for one plane. Written by the platform only.
    RenderedRelease("renderedreleases", Namespaced) { spec: RenderedReleaseSpec, status: RenderedReleaseStatus }
}

/// Manifests and where they go.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RenderedReleaseSpec {
    /// What they belong to.
    #[schemars(transform = rules::immutable("spec.owner"))]
    pub owner: RenderedReleaseOwner,
    /// The environment, which says the plane.
    #[schemars(length(min = 1))]
    pub environment_name: String,
    /// The manifests, in the order in which they are applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<RenderedManifest>,
    /// Kept for objects of older versions, which polled; we watch.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = DURATION))]
    pub interval: String,
    /// Kept for objects of older versions, which polled; we watch.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(regex(pattern = DURATION))]
    pub progressing_interval: String,
    /// Which of the environment's planes is meant.
    #[serde(default)]
    pub target_plane: TargetPlane,
}

/// A component, a resource, or the project itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::component_or_resource)]
pub struct RenderedReleaseOwner {
    /// The project.
    #[schemars(length(min = 1))]
    pub project_name: String,
    /// The component, for its manifests.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub component_name: String,
    /// The resource, for its manifests.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource_name: String,
}

/// One manifest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RenderedManifest {
    /// Its name inside the release; follows the object through renames.
    #[schemars(length(min = 1))]
    pub id: String,
    /// The object.
    pub object: FreeForm,
}

/// What became of the manifests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RenderedReleaseStatus {
    /// The objects on the plane.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ManifestStatus>,
    /// `ResourcesApplied`, `Finalizing`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
}

/// One object on the plane.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManifestStatus {
    /// The manifest's id.
    #[schemars(length(min = 1))]
    pub id: String,
    /// API group; empty for the core group.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// API version.
    #[schemars(length(min = 1))]
    pub version: String,
    /// Kind.
    #[schemars(length(min = 1))]
    pub kind: String,
    /// Name.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Namespace on the plane; empty for cluster-scoped objects.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The object's own status, as it was seen last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<FreeForm>,
    /// `Unknown`, `Progressing`, `Healthy`, `Suspended`, `Degraded`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub health_status: String,
    /// When status or health last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_observed_time: Option<Time>,
}
