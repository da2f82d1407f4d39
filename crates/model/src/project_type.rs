//! Project types: what every project of a type gets in each environment, above all its runtime namespace.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::kind;
use crate::template::{ResourceTemplate, SchemaSection, ValidationRule};

kind! {
    /// A project type for the projects of its namespace.
    ProjectType("projecttypes", Namespaced) { spec: ProjectTypeSpec, status: empty }
}

kind! {
    /// A project type for the projects of all namespaces.
    ClusterProjectType("clusterprojecttypes", Cluster) { spec: ProjectTypeSpec, status: empty }
}

/// What a platform engineer says about projects of a type; also frozen into project releases.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectTypeSpec {
    /// Shape and defaults of a project's parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<SchemaSection>,
    /// Shape and defaults of what a project release binding may set per environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_configs: Option<SchemaSection>,
    /// Rules that must hold before anything is rendered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validations: Vec<ValidationRule>,
    /// The manifests; one must be the runtime namespace, named `${metadata.namespace}`.
    #[schemars(
        length(min = 1),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["id"])
    )]
    pub resources: Vec<ResourceTemplate>,
}
