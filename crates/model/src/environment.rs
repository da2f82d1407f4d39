//! Environments, and the pipelines that promote between them.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::gateway_network::GatewaySpec;
use crate::kind::kind;
use crate::references::{DataPlaneRef, EnvironmentRef};
use crate::schema::{self, rules};
use crate::zero;

kind! {
    /// A place that components are deployed to: development, staging, production.
    Environment("environments", Namespaced) { spec: EnvironmentSpec, status: EnvironmentStatus }
}

kind! {
    /// The order of environments that releases are promoted along.
    DeploymentPipeline("deploymentpipelines", Namespaced) {
        spec: DeploymentPipelineSpec,
        status: DeploymentPipelineStatus,
    }
}

/// Where an environment runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = rules::data_plane_set_once)]
pub struct EnvironmentSpec {
    /// The data plane; if absent, the DataPlane `default` of the namespace, else the ClusterDataPlane `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_plane_ref: Option<DataPlaneRef>,
    /// Whether it serves real users.
    #[serde(default, skip_serializing_if = "zero::is_zero")]
    pub is_production: bool,
    /// Gateways for this environment, in the place of the plane's.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "zero::absent_if_empty")]
    pub gateway: Option<GatewaySpec>,
}

/// What was observed of an environment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentStatus {
    /// The generation that the status speaks of.
    #[serde(default, skip_serializing_if = "zero::is_zero")]
    pub observed_generation: i64,
    /// `Ready`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
}

/// The steps of a pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentPipelineSpec {
    /// From where to where releases are promoted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub promotion_paths: Vec<PromotionPath>,
}

/// One step of a pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromotionPath {
    /// From here.
    pub source_environment_ref: EnvironmentRef,
    /// To each of these; may be empty.
    pub target_environment_refs: Vec<EnvironmentRef>,
}

impl DeploymentPipelineSpec {
    /// The environment that new releases enter: the first source that is nobody's target.
    pub fn root_environment(&self) -> Option<&str> {
        let is_target = |name: &str| {
            self.promotion_paths.iter().flat_map(|path| &path.target_environment_refs).any(|target| target.name == name)
        };
        self.promotion_paths.iter().map(|path| path.source_environment_ref.name.as_str()).find(|name| !is_target(name))
    }

    /// The names of all environments on the pipeline, each once, sorted.
    pub fn environment_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .promotion_paths
            .iter()
            .flat_map(|path| std::iter::once(&path.source_environment_ref).chain(&path.target_environment_refs))
            .map(|environment| environment.name.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// What was observed of a pipeline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentPipelineStatus {
    /// The generation that the status speaks of.
    #[serde(default, skip_serializing_if = "zero::is_zero")]
    pub observed_generation: i64,
    /// `Available`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
}
