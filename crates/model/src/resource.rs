//! A resource: a database, a queue or the like, of one project.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::component::ProjectOwner;
use crate::kind::kind;
use crate::project::LatestRelease;
use crate::references::ResourceTypeRef;
use crate::schema::{self, rules};
use crate::{FreeForm, zero};

kind! {
    /// Something that the components of a project depend on.
    Resource("resources", Namespaced) { spec: ResourceSpec, status: ResourceStatus }
}

/// What a developer says about a resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceSpec {
    /// The project.
    #[schemars(transform = rules::immutable("spec.owner"))]
    pub owner: ProjectOwner,
    /// The resource type.
    #[serde(rename = "type")]
    #[schemars(transform = rules::immutable("spec.type"))]
    pub type_: ResourceTypeRef,
    /// Values for the type's parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<FreeForm>,
}

/// What was observed of a resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceStatus {
    /// The generation that the status speaks of.
    #[serde(default, skip_serializing_if = "zero::is_zero")]
    pub observed_generation: i64,
    /// `Ready`, `Finalizing`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions_by_type")]
    pub conditions: Vec<Condition>,
    /// The release that was cut last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_release: Option<LatestRelease>,
}
